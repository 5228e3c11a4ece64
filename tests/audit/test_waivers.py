"""Waivers: used, expired, unused, not run; from everywhere; and every way in which one can be wrong."""

from __future__ import annotations

import datetime
import fnmatch
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import toastnb as tn
from tests.audit.builders import account, ago, clean
from toastnb.audit.texts import fits

STOPPED = account(
    [clean(number, name=name, status="STOP", updatedAt=ago(days=90)) for number, name in enumerate(["web-1", "Web-2"])]
    + [clean(9, name=None, status="STOP", updatedAt=ago(days=90))]
)


def waiver(**fields: Any) -> dict[str, Any]:
    return {"check": "stopped-long", "resource": "web-*", "reason": "season", "expires": "2026-12-31"} | fields


def run(*waivers: Any, given: Any = None, at: str | None = None, checks: Any = ("stopped-long",)) -> pd.DataFrame:
    return tn.audit.run(STOPPED, checks=checks, waivers=list(waivers) if given is None else given, at=at)


def test_waived_findings_are_counted_and_shown_apart() -> None:
    findings = run(waiver())
    assert findings.resource.tolist() == ["id-1", "id-9"]
    waived = tn.audit.waived(findings)
    assert waived[["check", "resource", "name", "reason", "expires"]].values.tolist() == [
        ["stopped-long", "id-0", "web-1", "season", "2026-12-31"]
    ]
    row = tn.audit.summary(findings).iloc[0]
    assert (row.findings, row.waived) == (2, 1)
    assert tn.audit.waivers(findings).values.tolist() == [
        ["stopped-long", "web-*", "season", "2026-12-31", "used", 1],
    ]


@pytest.mark.parametrize(
    ("pattern", "resources"),
    [
        ("web-1", ["id-0"]),
        ("WEB-1", []),
        ("*eb-*", ["id-0", "id-1"]),
        ("[wW]eb-?", ["id-0", "id-1"]),
        ("id-1", ["id-1"]),
        ("id-*", ["id-0", "id-1", "id-9"]),
        ("*", ["id-0", "id-1", "id-9"]),
        ("eb", []),
        ("?" * 100_000, []),
        ("web-1" + "*" * 100_000, ["id-0"]),
    ],
)
def test_a_pattern_is_held_against_id_and_name_with_case(pattern: str, resources: list[str]) -> None:
    assert sorted(tn.audit.waived(run(waiver(resource=pattern))).resource) == resources


def test_it_is_valid_through_its_last_day_in_utc() -> None:
    on_the_day = run(waiver(expires="2026-11-01"), at="2026-11-01T23:59:59Z")
    assert tn.audit.waivers(on_the_day).status.tolist() == ["used"]
    day_after = run(waiver(expires="2026-11-01"), at="2026-11-02")
    assert tn.audit.waivers(day_after)[["status", "findings"]].values.tolist() == [["expired", 1]]
    assert len(tn.audit.waived(day_after)) == 0
    assert len(day_after) == 3
    east = run(waiver(expires="2026-11-01"), at="2026-11-02T08:59:59+09:00")
    assert tn.audit.waivers(east).status.tolist() == ["used"]


def test_a_waiver_that_matches_nothing_is_listed_and_one_of_a_check_that_did_not_run_is_not_counted() -> None:
    given = [
        waiver(resource="nothing"),
        waiver(check="name-pattern"),
        waiver(check="keypair-shared"),
        waiver(check="name-pattern", expires="2026-10-31"),
        waiver(check="*", resource="x"),
    ]
    off = {"checks": {"keypair-shared": {"enabled": False}}}
    table = tn.audit.waivers(tn.audit.run(STOPPED, waivers=given, rules=off))
    assert table.status.tolist() == ["unused", "not run", "not run", "expired", "unused"]
    assert table.findings.isna().tolist() == [False, True, True, True, False]
    assert str(table.findings.dtype) == "Int64"
    assert tn.audit.waivers(run(waiver(check="in-error"))).status.tolist() == ["not run"]


def test_any_check_is_a_star_and_other_checks_stay_open() -> None:
    findings = run(waiver(check="*", resource="web-1"), checks=None)
    assert set(tn.audit.waived(findings).check) >= {"stopped-long"}
    assert "web-1" not in set(findings.name)
    others = run(waiver(check="in-error", resource="*"))
    assert len(others) == 3


def test_of_two_waivers_the_first_counts_and_both_are_used_but_never_an_expired_one() -> None:
    findings = run(waiver(reason="first"), waiver(reason="second", resource="*"))
    assert sorted(tn.audit.waived(findings).reason) == ["first", "second", "second"]
    assert tn.audit.waivers(findings).findings.tolist() == [1, 3]
    later = run(waiver(reason="over", expires="2026-10-31"), waiver(reason="second"))
    assert tn.audit.waived(later).reason.tolist() == ["second"]
    assert tn.audit.waivers(later).status.tolist() == ["expired", "used"]


TOML = """
[[waiver]]
check = "stopped-long"
resource = "web-*"
reason = "season, see #12"
expires = 2026-12-31

[[waiver]]
check = "*"
resource = "id-9"
reason = "한글 이유"
expires = "2027-01-31"
"""
CSV = """check,resource,reason,expires
stopped-long,web-*,"season, see #12",2026-12-31

*, id-9,한글 이유,2027-01-31
"""
BOTH = [
    waiver(reason="season, see #12"),
    waiver(check="*", resource="id-9", reason="한글 이유", expires="2027-01-31"),
]


def test_files_frames_and_dicts_say_the_same(tmp_path: Path) -> None:
    expected = tn.audit.waivers(run(*BOTH))
    assert expected.status.tolist() == ["used", "used"]
    toml, csv, excel = tmp_path / "w.toml", tmp_path / "w.csv", tmp_path / "excel.CSV"
    toml.write_text(TOML, "utf-8")
    csv.write_text(CSV, "utf-8")
    excel.write_bytes("\ufeff".encode() + CSV.replace("\n", "\r\n").encode())
    frame = pd.DataFrame(BOTH)
    timed = frame.assign(expires=pd.to_datetime(frame.expires))
    dated = [one | {"expires": datetime.date.fromisoformat(one["expires"])} for one in BOTH]
    for given_ in (toml, str(csv), excel, frame, timed, dated, tuple(BOTH)):
        pd.testing.assert_frame_equal(tn.audit.waivers(run(given=given_)), expected)


def test_no_waivers_are_none(tmp_path: Path) -> None:
    (tmp_path / "w.toml").write_text("", "utf-8")
    (tmp_path / "w.csv").write_text("check,resource,reason,expires\n", "utf-8")
    for given_ in ([], tmp_path / "w.toml", tmp_path / "w.csv", pd.DataFrame(columns=list(BOTH[0]))):
        findings = run(given=given_)
        assert len(findings) == 3
        assert tn.audit.waivers(findings).columns.tolist() == [
            *("check", "resource", "reason", "expires", "status", "findings")
        ]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (waiver(check="stoped-long"), "waivers: number 2: there is no check 'stoped-long'"),
        (waiver(check=None), "waivers: number 2 has no check"),
        (waiver(reason="  "), "waivers: number 2 has no reason"),
        (waiver(reason=5), "has no reason"),
        ({"check": "in-error", "resource": "x", "expires": "2026-12-31"}, "has no reason"),
        (waiver(resource=""), "has no resource"),
        (waiver(resource=float("nan")), "has no resource"),
        (waiver(expires="31.12.2026"), "has no day in expires, but '31.12.2026'"),
        (waiver(expires="2026-02-30"), "has no day in expires, but '2026-02-30'"),
        (waiver(expires="20261231"), "has no day in expires"),
        (waiver(expires="2026-12-31T00:00:00"), "has no day in expires"),
        (waiver(expires=datetime.datetime(2026, 12, 31, 12)), "has no day in expires"),
        (waiver(expires=pd.Timestamp("2026-12-31T12:00")), "has no day in expires"),
        (waiver(expires=pd.NaT), "has no day in expires"),
        (waiver(expires=None), "has no day in expires"),
        (waiver(resource="\ud800*"), "waivers: number 2 has half a character in resource"),
        (waiver(reason="\udfff"), "waivers: number 2 has half a character in reason"),
        (waiver(until="2026-12-31"), "waivers: number 2 has an unknown column 'until'"),
        ("web-1", "waivers: number 2 is str, but must be a table"),
    ],
)
def test_a_waiver_that_is_wrong_is_named_by_its_number(wrong: Any, said: str) -> None:
    with pytest.raises(tn.InvalidInput, match=re.escape(said)):
        run(waiver(), wrong)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("w.csv", "check,resource,reason,expires\n\nin-error,x,y,never\n", "waivers: line 3 of w.csv has no day"),
        ("w.csv", "check,resource,reason,expires\nin-error,x\n", "waivers: line 2 of w.csv has no reason"),
        ("w.csv", "check,resource,reason,expires\nin-error,x,y,2026-12-31,z\n", "has more values than columns"),
        ("w.csv", "check,resource,reason,until\n", "w.csv has the columns check, resource, reason, until"),
        ("w.csv", "", "w.csv has the columns"),
        ("w.csv", 'check,resource,reason,expires\nin-error,"x"y,z,2026-12-31\n', "line 2 of w.csv is not valid CSV"),
        ("w.toml", "[[waiver]]\ncheck = 'in-error'\n", "waivers: number 1 of w.toml has no resource"),
        ("w.toml", "[[waivers]]\ncheck = 'in-error'\n", "has 'waivers', but may only have [[waiver]] tables"),
        ("w.toml", "[waiver]\ncheck = 'in-error'\n", "has 'waiver', but may only have [[waiver]] tables"),
        ("w.toml", "waiver = [1]", "number 1 of w.toml is int"),
        ("w.toml", "[[waiver]", "w.toml is not valid TOML"),
        ("w.yaml", "", "w.yaml is neither .toml nor .csv"),
        ("gone.csv", None, "gone.csv cannot be read (No such file or directory)"),
    ],
)
def test_a_file_that_is_wrong_is_named_by_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str | None, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path(name).write_text(content, "utf-8")
    with pytest.raises(tn.InvalidInput, match=re.escape(said)):
        run(given=name)


def test_something_else_is_no_waivers() -> None:
    with pytest.raises(tn.InvalidInput, match="waivers is int"):
        run(given=5)
    with pytest.raises(tn.InvalidInput, match="waivers is dict"):
        run(given=waiver())


@given(
    st.text("ab*?[]!-%_\\.한\n", min_size=1, max_size=6).filter(str.strip),
    st.lists(st.text("ab-]%_\\.한\n", max_size=5), max_size=6),
)
def test_patterns_match_as_in_a_shell(pattern: str, names: list[str]) -> None:
    vms = [clean(n, id=f"#{n}", name=name, status="STOP", updatedAt=ago(days=90)) for n, name in enumerate(names)]
    findings = tn.audit.run(account(vms), checks=["stopped-long"], waivers=[waiver(resource=pattern)])
    expected = {
        f"#{n}"
        for n, name in enumerate(names)
        if fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(f"#{n}", pattern)
    }
    assert set(tn.audit.waived(findings).resource) == expected
    assert len(findings) + len(expected) == len(names)


WORDS = st.text("ab%_\\.*?^$\n\0 한😀", max_size=6)


@given(WORDS.filter(str.strip), st.lists(WORDS, max_size=8), WORDS)
def test_patterns_without_brackets_match_as_in_a_shell(pattern: str, texts: list[str], between: str) -> None:
    texts = [*texts, pattern, pattern.replace("*", between).replace("?", "한")]
    expected = [fnmatch.fnmatchcase(text, pattern) for text in texts]
    assert fits(pa.array(texts, pa.large_string()), pattern).tolist() == expected


def test_of_missing_names_the_id_alone_counts() -> None:
    assert sorted(tn.audit.waived(run(waiver(resource="?*"))).resource) == ["id-0", "id-1", "id-9"]
    nowhere = tn.audit.run(account(), checks=["stopped-long"], waivers=[waiver(), waiver(resource="[a]")])
    assert tn.audit.waivers(nowhere).findings.tolist() == [0, 0]
