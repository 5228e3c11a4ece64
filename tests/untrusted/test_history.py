"""Hostile texts over time: recorded, read back, compared and told, they are text and nothing else."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import toastnb as tn
from tests.history.stores import account
from tests.untrusted.names import HARMFUL, TEXTS, mended
from tests.untrusted.test_pages import HARMLESS, OURS, Elements
from toastnb.cli import app
from toastnb.report import exports, pages

FORMATS = ("table", "csv", "json")


@pytest.fixture(scope="module")
def store(short: tn.Inventory, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store in which each instance had another's name, and the project has a hostile name."""
    store = tmp_path_factory.mktemp("hostile") / "store"
    vms = short.instances_detail
    names = pd.Series([*vms["name"].iloc[1:], vms["name"].iloc[0]], dtype="str")
    before = tn.Inventory(short.tables | {"instances_detail": vms.assign(name=names)}, {}, short.fetched_at, "")
    tn.history.record(before, store, at="2026-01-01", project="<script>x</script>")
    return store


@pytest.fixture(scope="module")
def changes(store: Path, short: tn.Inventory) -> pd.DataFrame:
    return tn.history.diff(tn.history.open_store(store).newest(), short)


def test_any_text_is_recorded_and_read_back_as_it_is(few_zones: tn.Inventory, tmp_path: Path) -> None:
    tn.history.record(few_zones, tmp_path, project="shop")
    again = tn.history.open_store(tmp_path).newest()
    for name, table in few_zones.tables.items():
        pd.testing.assert_frame_equal(again.tables[name], table)


def test_any_text_is_a_projects_name_or_is_refused(tmp_path: Path) -> None:
    small = account(0)
    taken, refusals = [], []
    for text in dict.fromkeys(map(mended, TEXTS.values())):
        try:
            tn.history.record(small, tmp_path / "store", project=text)
        except tn.InvalidInput as error:
            refusals.append(str(error))
        else:
            taken.append(text or small.source)
    assert not HARMFUL.search("".join(refusals).replace("\t", ""))
    assert tn.history.open_store(tmp_path / "store").projects == sorted(set(taken))
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["store"]  # no name leads elsewhere


def test_what_changed_is_text_on_the_page_and_calm_on_a_terminal(
    changes: pd.DataFrame, store: Path, short: tn.Inventory
) -> None:
    levels = tn.history.waterfall(tn.history.open_store(store).newest(), short)
    page = pages.changes_page(changes, levels)
    elements = Elements(page)
    assert elements.tags <= OURS
    assert [name for name in elements.attributes if not HARMLESS.fullmatch(name)] == []
    assert not HARMFUL.search(page.replace("\t", ""))
    assert not HARMFUL.search(exports.as_text(changes))
    assert (changes["change"] == "renamed").sum() >= len(short.instances_detail) - 1


@pytest.fixture(scope="module")
def grown(store: Path, short: tn.Inventory, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a store of a month, in which an instance a day is new, an inventory and limits."""
    folder = tmp_path_factory.mktemp("grown")
    for day in range(1, 29):
        kept = short.instances_detail.head(len(short.instances_detail) - 28 + day)
        tables = short.tables | {"instances_detail": kept}
        because = {"volumes": mended(TEXTS["control: clear"])}
        then = tn.Inventory(tables, because, f"2026-10-{day:02}T00:00:00Z", mended(TEXTS["script: script"]))
        tn.history.record(then, folder / "store", project="<b>shop</b>")
    then.save(folder / "account.zip")
    (folder / "limits.csv").write_text("vcpus\n100000\n")
    return folder


ACCOUNT = ["--inventory", "account.zip"]
ONE = ["--project", "<b>shop</b>"]
COMMANDS = [
    ["history", "store"],
    *(["growth", "store", "--format", kind] for kind in FORMATS),
    ["growth", "store", "--by", "zone"],
    *(["forecast", "store", "--limits", "limits.csv", "--format", kind] for kind in FORMATS),
    *(["diff", "store", "--since", "7d", "--format", kind] for kind in (*FORMATS, "html")),
    ["diff", "account.zip", "account.zip"],
    ["snapshot", "--store", "store", *ACCOUNT, "--project", "again"],
    ["audit", *ACCOUNT, "--history", "store", *ONE, "--fail-on", "never"],
    ["compact", "store"],
]


def test_the_commands_are_calm(grown: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(grown)
    for arguments in COMMANDS:
        answer = CliRunner().invoke(app, arguments)
        assert answer.exit_code == 0, (arguments, answer.output)
        assert answer.stdout, arguments
        assert not HARMFUL.search(answer.stdout + answer.stderr), arguments
        assert "<script" not in answer.stdout or "html" not in arguments, arguments


@pytest.mark.parametrize("text", ["script: script", "control: clear", "word: Total"])
def test_a_refusal_is_calm(grown: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.chdir(grown)
    for arguments in (["history", "store", "--project", mended(TEXTS[text])], ["growth", mended(TEXTS[text])]):
        answer = CliRunner().invoke(app, arguments)
        assert isinstance(answer.exception, tn.ToastError)  # which the command prints
        assert not HARMFUL.search(str(answer.exception) + answer.output)


def test_growth_of_hostile_projects_and_zones_is_calm() -> None:
    days = pd.date_range("2026-01-01", periods=22, tz="UTC")
    hostile = [mended(TEXTS[name]) for name in ("script: script", "control: clear", "word: Total")]
    one = pd.DataFrame({"at": days, "instances": range(22)})
    amounts = pd.concat([one.assign(project=text, zone=text) for text in hostile], ignore_index=True)
    vms = amounts["instances"].astype("Int64")
    amounts = amounts.assign(instances=vms, vcpus=vms, ram_gb=vms, disk_gb=vms, unknown=0)
    table = tn.capacity.growth(amounts, by="zone").reset_index()
    assert set(table["zone"]) == set(hostile)
    assert not HARMFUL.search(exports.as_text(table))
    assert not HARMFUL.search(exports.as_json(table))


def test_the_reports_words_of_the_past_are_text(store: Path, short: tn.Inventory) -> None:
    zone = mended(TEXTS["script: script"])
    past = tn.report.over_time(short, store, {zone: {"vcpus": 100}})
    said = tn.report.summary(short, past=past)
    assert all(not HARMFUL.search(sentence) for sentence in said)
    assert "<script" not in said._repr_html_()
    for section in past.refused:
        assert past.why(section)
    loud = tn.report.OverTime(past.history, "", refused={"Growth": f"no {zone}\x1b[2J"})
    assert "<script" not in loud.why("Growth")._repr_html_()
    assert not HARMFUL.search(str(loud.why("Growth")))
