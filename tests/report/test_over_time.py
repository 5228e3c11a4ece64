"""What the report says of a history: since last time, growth, time remaining, and why one of these is not told."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from openpyxl import load_workbook

import toastnb as tn
from tests.report import lived
from toastnb.audit.results import of_run
from toastnb.report.over_time import GROWTH, REMAINING, SINCE

LIMITS = "zone,vcpus,root_gb\nkr-pub-b,60,90000\n*,260,\n"
SECTIONS = [SINCE, GROWTH, REMAINING]


@pytest.fixture(scope="module")
def account() -> tn.Inventory:
    return lived.account()


@pytest.fixture(scope="module")
def store(account: tn.Inventory, tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("history") / "store"
    lived.record(account, store)
    return store


@pytest.fixture(scope="module")
def limits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("limits") / "limits.csv"
    path.write_text(LIMITS)
    return path


@pytest.fixture(scope="module")
def written(account: tn.Inventory, store: Path, limits: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return the report of a part of the history, as it was cut in this process."""
    cut = tn.history.open_store(store).between("2000-01-01", account.fetched_at)
    return tn.report.write(account, tmp_path_factory.mktemp("report"), limits=limits, history=cut)


def headings(page: Path) -> list[str]:
    return [head.get_text().strip() for head in BeautifulSoup(page.read_text("utf-8"), "html.parser").find_all("h2")]


def test_since_last_time_is_against_the_newest_snapshot_before_the_inventory(
    account: tn.Inventory, store: Path
) -> None:
    past = tn.report.over_time(account, store)
    assert pd.Timestamp(past.since) == pd.Timestamp(account.fetched_at) - pd.Timedelta(days=1)
    mine = past.changes[past.changes["table"] == "instances_detail"]
    assert mine["key"][mine["change"] == "deleted"].tolist() == [lived.GONE]
    assert mine["before"][mine["change"] == "renamed"].tolist() == [lived.WAS]
    assert set(mine["field"][mine["change"] == "resized"]) == {"flavor_name", "vcpus", "ram_mb"}
    steps = past.levels["instances"]
    assert steps["after"] == len(account.instances_detail)
    assert steps["before"] + steps["created"] + steps["deleted"] == steps["after"]
    assert steps["created"] == (mine["change"] == "created").sum()


def test_a_snapshot_of_the_inventory_itself_is_not_last_time(account: tn.Inventory, tmp_path: Path) -> None:
    fetched = pd.Timestamp(account.fetched_at)
    for ago in (0, -1, 2):  # itself, a later one, an earlier one
        tn.history.record(account, tmp_path, at=fetched - pd.Timedelta(days=ago), project="shop")
    past = tn.report.over_time(account, tmp_path)
    assert pd.Timestamp(past.since) == fetched - pd.Timedelta(days=2)
    assert past.history.snapshots()["at"].max() == fetched


def test_the_summary_says_what_changed_grows_and_is_full(account: tn.Inventory, store: Path, limits: Path) -> None:
    past = tn.report.over_time(account, store, limits)
    said = str(tn.report.summary(account, limits, past=past))
    assert re.search(
        r"Instances since 20\S+ \d\d:\d\d UTC: \d created, 1 deleted, 1 renamed, 1 resized\..* \d+ rows of what came",
        said,
    )
    now = tn.capacity.totals(account.instances_detail)["vcpus"]["Total"]
    was = past.levels["vcpus"]["before"]
    assert f"Allocated since then: {now - was:+,} vCPUs ({was:,} to {now:,})" in said
    rate = past.growth.loc["vcpus"]
    assert f"+{rate.a_month:,.0f} vCPUs (+{rate.a_month_low:,.0f} to +{rate.a_month_high:,.0f})" in said
    row = past.forecast.loc[("Total", "vcpus")]
    assert row.binding
    assert "In all, reached first as it grows: the limit of 260 vCPUs, " in said
    assert f"{row.earliest:%Y-%m-%d}" in said
    assert set(past.forecast.index.get_level_values("resource")) == {"vcpus"}  # nobody forecasts root_gb


def test_a_step_of_a_zone_is_named(account: tn.Inventory, store: Path, tmp_path: Path) -> None:
    past = tn.report.over_time(account, store)
    steps = past.growth_by_zone.copy()
    steps.loc[:, "steps"] = 0
    assert "of a zone is a step" not in str(
        tn.report.summary(account, past=dataclasses.replace(past, growth_by_zone=steps))
    )
    day = pd.Timestamp("2026-10-14", tz="UTC")
    row, columns = ("kr-pub-b", "ram_gb"), ["steps", "last_step", "last_step_on"]
    steps.loc[[row], columns] = [2, 39.4, day]
    said = tn.report.summary(account, past=dataclasses.replace(past, growth_by_zone=steps))
    step = "kr-pub-b +39 GB of RAM on 2026-10-14, the last of 2 steps"
    assert f"Not in the growth of a zone is a step: {step}." in said
    vms = account.instances_detail
    alone = tn.Inventory({"instances_detail": vms[vms["zone"] == "kr-pub-b"]}, {}, account.fetched_at, "")
    for ago in range(1, 30):
        moment = pd.Timestamp(account.fetched_at) - pd.Timedelta(days=ago)
        tn.history.record(alone, tmp_path, at=moment, project="shop")
    assert tn.report.over_time(alone, tmp_path).growth is not None
    assert tn.report.over_time(alone, tmp_path).growth_by_zone is None


@pytest.mark.parametrize(
    ("limit", "said"),
    [(1, "In all the limit of 1 vCPUs is reached already."), (10**6, "No limit is reached within 180 days: in all.")],
)
def test_a_limit_that_is_reached_and_one_that_never_is(
    account: tn.Inventory, store: Path, limit: int, said: str
) -> None:
    past = tn.report.over_time(account, store, {"vcpus": limit})
    assert said in tn.report.summary(account, past=past)
    today = tn.report.summary(account, {"vcpus": limit}, past=past)
    is_full = limit == 1
    assert [sentence.startswith("In all, full today: ") for sentence in today][1] == is_full
    assert (said in today) != is_full  # once is enough


def test_the_page_has_the_sections_their_tables_and_plots(written: list[Path], account: tn.Inventory) -> None:
    page = BeautifulSoup(written[0].read_text("utf-8"), "html.parser")
    assert [head for head in headings(written[0]) if head in SECTIONS] == SECTIONS
    pictures = [picture["alt"] for picture in page.find_all("img")]
    assert [pictures.count(f"Plot: {section}") for section in SECTIONS] == [3, 3, 2]
    text = page.get_text(" ")
    assert lived.WAS in text
    assert lived.GONE not in text  # its name is shown, not its id
    assert "batch-old-01" in text
    for words in ("Not told", "Traceback", "Warning", "NaN", "nan ", "00:00:00"):
        assert words not in text
    [rates] = [table for table in page.find_all("table") if "Newest day (UTC)" in table.get_text()]
    [zones] = [table for table in page.find_all("table") if "Growth from" in table.get_text() and table is not rates]
    assert {cell.get_text().strip() for cell in zones.find_all("td")} >= {"kr-pub-a", "kr-pub-b", "vCPUs"}
    items = [item.get_text() for item in page.find_all("li")]
    assert [sum(f"{said} today: " in item for item in items) for said in ("full", "closest to its limit")] == [1, 1]
    day = pd.Timestamp(account.fetched_at)  # the account itself is the newest point
    assert [cell.get_text().strip() for cell in rates.find_all("td")].count(f"{day:%Y-%m-%d}") == 4


def test_the_workbook_has_the_same_tables_whole(written: list[Path], account: tn.Inventory, store: Path) -> None:
    book = load_workbook(written[1])
    past = tn.report.over_time(account, store, {"vcpus": 260})
    assert book["Changes"].max_row == len(past.changes) + 1
    assert [row[0] for row in book["Allocated since last time"].values][1:] == list(past.levels.index)
    heads = [cell.value for cell in book["Growth"][1]]
    assert heads[0] == "resource"
    newest = book["Growth"][2][heads.index("last (UTC)")]
    assert newest.number_format == "yyyy-mm-dd"
    by_zone = [row[:2] for row in book["Growth by zone"].values][1:]
    assert by_zone == list(past.growth_by_zone.index)
    assert {"zone", "resource", "earliest (UTC)"} <= {cell.value for cell in book["Time remaining"][1]}
    about = dict(book["About"].values)
    assert about["project"] == "shop"  # whose history it is, where nobody named it
    assert about["last time"] == past.since
    assert "evidence" in [cell.value for cell in book["Reclaimable"][1]]
    book.close()


def test_a_history_that_is_too_short_says_so_in_the_words_of_the_refusal(account: tn.Inventory, tmp_path: Path) -> None:
    lived.record(account, tmp_path / "store", days=3)
    limits = tmp_path / "limits.csv"
    limits.write_text("vcpus\n9000\n")  # what is reached already is told of a short history too
    why = tn.report.over_time(account, tmp_path / "store").refused[GROWTH]
    assert "4 of the 14 days needed with a snapshot" in why
    paths = tn.report.write(account, tmp_path / "out", history=tmp_path / "store", limits=limits)
    page = BeautifulSoup(paths[0].read_text("utf-8"), "html.parser")
    assert [head for head in headings(paths[0]) if head in SECTIONS] == SECTIONS
    text = " ".join(page.get_text(" ").split())
    assert text.count(f"Not told: {why}") == 2
    assert f"Growth and time remaining: {why}" in text
    book = load_workbook(paths[1])
    assert not {"Growth", "Time remaining"} & set(book.sheetnames)
    assert dict(book["About"].values)["not told: Growth"] == why
    book.close()


def test_before_the_first_snapshot_there_is_no_last_time(account: tn.Inventory, store: Path) -> None:
    early = tn.Inventory(account.tables, account.absent, "2020-01-01T00:00:00Z", account.source)
    past = tn.report.over_time(early, store, {"vcpus": 500})
    assert past.changes is past.levels is past.growth is past.forecast is None
    assert set(past.refused) == set(SECTIONS)
    said = tn.report.summary(early, past=past)
    assert any(sentence.startswith(f"{SINCE}: the history has no snapshot at 2019-12-31") for sentence in said)


def test_the_project_is_the_one_named_or_the_only_one_or_that_of_the_source(
    account: tn.Inventory, tmp_path: Path
) -> None:
    day = pd.Timestamp(account.fetched_at) - pd.Timedelta(days=1)
    other = tn.Inventory(account.tables, account.absent, account.fetched_at, "elsewhere")
    for project, one in {"a": account, "b": other, "c": other}.items():
        tn.history.record(one, tmp_path, at=day, project=project)
    assert tn.report.over_time(account, tmp_path).history.projects == ["a"]
    assert tn.report.over_time(account, tmp_path, project="b").history.projects == ["b"]
    assert tn.report.over_time(account, tn.history.open_store(tmp_path).of("c")).history.projects == ["c"]
    with pytest.raises(tn.InvalidInput, match=r"the history has 3 projects.*a, b, c"):
        tn.report.over_time(other, tmp_path)
    with pytest.raises(tn.InvalidInput, match="no project 'd'"):
        tn.report.write(account, tmp_path / "out", history=tmp_path, project="d")
    with pytest.raises(tn.NotFound, match="there is no history"):
        tn.report.write(account, tmp_path / "out", history=tmp_path / "nowhere")
    assert not (tmp_path / "out").exists()


def test_audit_and_reclaimable_use_what_the_history_has_seen(account: tn.Inventory, store: Path) -> None:
    past = tn.report.over_time(account, store)
    idle = tn.capacity.reclaimable(account.instances_detail, account.fetched_at, history=past.history)
    assert set(idle["evidence"]) <= {"history", "updated_at, launched_at"}
    findings = tn.audit.run(account, history=past.history)
    assert of_run(findings)["source"] == account.source


def moved(account: tn.Inventory, days: int) -> tn.Inventory:
    """Return the account as if it had been fetched some days later."""
    later = pd.Timestamp(account.fetched_at) + pd.Timedelta(days=days)
    return tn.Inventory(account.tables, account.absent, later.isoformat(), account.source)


@pytest.mark.parametrize("days", [0, 10, 60])
def test_what_is_ahead_is_counted_from_the_account_and_agrees_with_headroom(
    account: tn.Inventory, store: Path, days: int
) -> None:
    now, limits = moved(account, days), {"*": {"vcpus": 260}, "kr-pub-b": {"vcpus": 260}}
    past = tn.report.over_time(now, store, limits)
    said = str(tn.report.summary(now, limits, past=past))
    assert (f"The last snapshot is {days + 1} days older than this data" in said) == (days > 0)
    if days == 60:
        assert f"{days} of {days + 36} days in one gap" in said
        assert set(past.refused) == {GROWTH, REMAINING}
        return
    left = tn.capacity.headroom(now.instances_detail, limits)
    assert past.forecast["allocated"].to_dict() == left["allocated"].to_dict()
    dates = past.forecast[["earliest", "expected", "latest"]].stack()
    assert dates.min() >= pd.Timestamp(now.fetched_at).floor("D")


def test_an_account_that_is_empty_now_has_nothing_allocated(account: tn.Inventory, store: Path) -> None:
    empty = {name: frame.iloc[:0] for name, frame in account.tables.items() if "instance_id" in frame}
    now = tn.Inventory(account.tables | empty, account.absent, account.fetched_at, account.source)
    past = tn.report.over_time(now, store, {"vcpus": 60})
    assert past.forecast["allocated"].tolist() == [0]
    assert past.growth["allocated"].unique().tolist() == [0]


def test_a_snapshot_of_the_account_itself_is_not_counted_twice(account: tn.Inventory, tmp_path: Path) -> None:
    lived.record(account, tmp_path, days=25)
    before = tn.report.over_time(account, tmp_path).growth
    tn.history.record(account, tmp_path, at=account.fetched_at, project="shop")
    pd.testing.assert_frame_equal(tn.report.over_time(account, tmp_path).growth, before)


def test_beside_a_limit_that_is_reached_the_next_one_is_told(account: tn.Inventory, store: Path) -> None:
    past = tn.report.over_time(account, store, {"vcpus": 1, "ram_gb": 620, "disk_gb": 10**6})
    assert past.nearest() == [("Total", "vcpus"), ("Total", "ram_gb")]
    said = str(tn.report.summary(account, past=past))
    assert "In all the limit of 1 vCPUs is reached already." in said
    assert "In all, reached next as it grows: the limit of 620 GB of RAM, " in said


def test_limits_of_other_projects_are_not_used(account: tn.Inventory, store: Path, tmp_path: Path) -> None:
    path = tmp_path / "limits.csv"
    path.write_text("project,zone,vcpus\nshop,*,260\nlab,*,7\n*,*,900\n")
    past = tn.report.over_time(account, store, path)
    assert past.forecast["limit"].to_dict() == {("Total", "vcpus"): 260}
    pages = tn.report.write(account, tmp_path / "out", history=store, limits=path)
    text = BeautifulSoup(pages[0].read_text("utf-8"), "html.parser").get_text(" ")
    assert "of 260 vCPUs are allocated" in text
    assert "900" not in text.partition("Headroom")[2].partition("Growth")[0]
    other = tmp_path / "other.csv"
    other.write_text("project,zone,vcpus\nlab,*,7\n")
    none = tn.report.over_time(account, store, other)
    assert none.refused == {REMAINING: "the limits have none of project shop"}
    with pytest.raises(tn.InvalidInput, match="limits are by project, and it is not said which"):
        tn.report.write(account, tmp_path / "out", limits=path)


def test_the_changes_are_told_as_diff_tells_them(account: tn.Inventory, store: Path, written: list[Path]) -> None:
    past = tn.report.over_time(account, store)
    created = past.brief[(past.brief["change"] == "created") & (past.brief["table"] == "instances_detail")]
    assert created["after"].str.contains(r"vCPU.*GB, kr-pub").all()
    assert created["after"].iloc[0] in BeautifulSoup(written[0].read_text("utf-8"), "html.parser").get_text(" ")
    same = dataclasses.replace(past, changes=past.changes.iloc[:0], brief=past.brief.iloc[:0])
    assert "came or went" not in str(tn.report.summary(account, past=same))


def test_nothing_is_drawn_where_nothing_changed(account: tn.Inventory, tmp_path: Path) -> None:
    tn.history.record(account, tmp_path / "s", at=pd.Timestamp(account.fetched_at) - pd.Timedelta(days=1), project="a")
    pages = tn.report.write(account, tmp_path / "out", history=tmp_path / "s")
    page = BeautifulSoup(pages[0].read_text("utf-8"), "html.parser")
    assert "Nothing changed." in page.get_text(" ")
    assert not [picture for picture in page.find_all("img") if picture["alt"] == f"Plot: {SINCE}"]


def test_a_limit_that_is_reached_is_told_though_the_history_is_short(account: tn.Inventory, tmp_path: Path) -> None:
    lived.record(account, tmp_path, days=3)
    past = tn.report.over_time(account, tmp_path, {"*": {"vcpus": 9000}, "kr-pub-b": {"vcpus": 1}})
    said = str(tn.report.summary(account, past=past))
    assert list(past.refused) == [GROWTH]
    assert "In kr-pub-b the limit of 1 vCPUs is reached already." in said
    assert "Time remaining is not told in all: 4 of the 14 days needed with a snapshot" in said
