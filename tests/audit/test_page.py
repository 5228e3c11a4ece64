"""What the page says of the checks is what the catalogue has, and its examples are accepted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import toastnb as tn
from tests.audit.builders import account, clean
from toastnb.columns import TABLES

PAGE = (Path(__file__).parents[2] / "docs" / "audit.md").read_text("utf-8")
ROW = re.compile(r"^\| `([a-z-]+)` \| (\w+)[^|]* \| ([^|]+) \| (?:`([^`|]*)` )?\| [^|]*\|$", re.MULTILINE)


def examples() -> dict[str, str]:
    """Return the page's TOML files by the name in their first line."""
    return dict(re.findall(r"```toml\n# (\w+\.toml)\n(.*?)```", PAGE, re.DOTALL))


def test_the_tables_of_checks_are_the_catalogue() -> None:
    listed = [(check, severity, thresholds) for check, severity, _, thresholds in ROW.findall(PAGE)]
    catalogue = tn.audit.catalogue()[["check", "severity", "thresholds"]]
    assert sorted(listed) == sorted(catalogue.itertuples(index=False, name=None))


def test_the_catalogue_needs_tables_that_exist() -> None:
    catalogue = tn.audit.catalogue()
    assert catalogue.columns.tolist() == ["check", "title", "severity", "needs", "thresholds"]
    assert {str(dtype) for dtype in catalogue.dtypes} == {"str"}
    assert catalogue.notna().all(axis=None)
    assert {table for needs in catalogue.needs for table in needs.split(",")} <= set(TABLES)
    assert (catalogue.set_index("check").thresholds[["in-error", "stopped-long"]] == ["", "days=30"]).all()


@pytest.mark.parametrize("name", ["rules", "waivers"])
def test_the_examples_are_accepted(name: str, tmp_path: Path) -> None:
    assert examples().keys() == {"rules.toml", "waivers.toml"}
    path = tmp_path / f"{name}.toml"
    path.write_text(examples()[path.name], "utf-8")
    inventory = account([clean(1, metadata={"service": "pay"}, name="bastion-1", addresses=[{"ipAddress": "9.9.9.9"}])])
    findings = tn.audit.run(inventory, **{name: path})
    if name == "waivers":
        assert tn.audit.waivers(findings).status.tolist() == ["used", "unused"]
    else:
        assert set(findings.check) == {"exposed-to-internet", "required-metadata-missing", "name-pattern"}
        table = tn.audit.summary(findings)
        assert table.check[table.status != "run"].tolist() == ["keypair-shared"]


def test_what_cannot_be_known_has_what_people_ask_for() -> None:
    table = tn.audit.unknowable()
    assert table.columns.tolist() == ["topic", "why"]
    assert table.topic.is_unique
    whole = " ".join(table.topic)
    for topic in ("CPU", "patch level", "encryption", "traffic", "IAM", "backups", "quotas", "snapshots", "balancers"):
        assert topic in whole
    assert table.why.str.fullmatch(r"[A-Z].+\.").all()
