"""What an audit found."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from toastnb.audit.check import DID_NOT_RUN, OFF
from toastnb.audit.findings import SEVERITIES
from toastnb.audit.results import summary
from toastnb.errors import InvalidInput
from toastnb.plain import many
from toastnb.plots import style, words
from toastnb.plots.tables import MOST_BARS, check_table

_LOOKS = dict(zip(SEVERITIES, (style.VERMILION, style.ORANGE, style.SKY, style.GREY), strict=True))


def findings(findings: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how many findings each check has, by severity.

    Parameters
    ----------
    findings : DataFrame
        As `audit.run` answers.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        A bar a check, the one with most findings first, the most severe at the left, each with its numbers. Below it
        is said how many checks did not run or are off, and how many findings are waived; past 30 checks, the sum of
        the others.

    Raises
    ------
    InvalidInput
        When the table is another one, or has a severity that is not known.

    Examples
    --------
    >>> import toastnb as tn
    >>> tn.plots.findings(tn.audit.run(toast.inventory())).get_xlabel()
    'Findings; 2 checks did not run'
    """
    check_table(findings, "audit.run", ["check", "severity", "resource"])
    strange = findings.loc[~findings["severity"].isin(SEVERITIES), "severity"]
    if len(strange):
        hint = f"It is one of {', '.join(SEVERITIES)}; give what tn.audit.run answers."
        raise InvalidInput(f"table has a severity {strange.iloc[0]!r}", hint=hint)
    counts = findings.groupby(["check", "severity"], observed=True).size().unstack(fill_value=0)
    counts = counts.reindex(columns=SEVERITIES, fill_value=0)
    sums = counts.sum(axis=1).sort_values(ascending=False, kind="stable")
    shown, others = counts.loc[sums.index[:MOST_BARS]], sums.iloc[MOST_BARS:]
    with style.drawing(ax, len(shown)) as ax:
        style.stacked(ax, shown, _LOOKS)
        style.note(ax, range(len(shown)), shown.sum(axis=1), [_parts(row) for _, row in shown.iterrows()])
        beside = _beside(findings)
        style.name_rows(ax, [words.name(check) for check in shown.index], empty=f"no findings{beside}")
        style.describe(ax, f"Findings{words.rest(others)}{beside}", "Findings by check")
    return ax


def _beside(findings: pd.DataFrame) -> str:
    """Say what no bar shows: checks that did not run or are off, and findings that are waived.

    A frame that has lost what was noted of its run knows none of it.
    """
    if "audit" not in findings.attrs:
        return ""
    ran = summary(findings)
    absent, off = (int((ran["status"] == status).sum()) for status in (DID_NOT_RUN, OFF))
    waived = int(ran["waived"].sum())
    silent = [f"{many(absent, 'check')} did not run"] * (absent > 0)
    if off:
        silent.append(f"{f'{off:,}' if absent else many(off, 'check')} {'is' if off == 1 else 'are'} off")
    said = [", ".join(silent)] * bool(silent) + [f"{waived:,} waived"] * (waived > 0)
    return "".join(f"; {one}" for one in said)


def _parts(counts: pd.Series) -> str:
    return ", ".join(f"{number:,} {severity}" for severity, number in counts.items() if number)
