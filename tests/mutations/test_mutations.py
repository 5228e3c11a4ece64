"""The mutations can be carried out, and their runner tells what it should."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.mutations import BEGIN, ROOT, Mutation, all_mutations, table, with_table
from tests.mutations.__main__ import INVALID, KILLED, SURVIVED, Copy, carried_out, failing, results

MUTATIONS = all_mutations()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda entry: f"{entry.subject}: {entry.protects}")
def test_what_it_takes_out_is_there_once_and_so_is_its_test(mutation: Mutation) -> None:
    assert mutation.problem() == ""


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda entry: f"{entry.subject}: {entry.protects}")
def test_what_is_left_of_the_code_can_be_compiled(mutation: Mutation) -> None:
    texts = {edit.file: (ROOT / edit.file).read_text("utf-8") for edit in mutation.edits if edit.file.endswith(".py")}
    for edit in mutation.edits:
        if edit.file in texts:
            texts[edit.file] = texts[edit.file].replace(edit.old, edit.new)
    for file, text in texts.items():
        compile(text, file, "exec")


def test_no_protection_is_named_twice() -> None:
    assert [words for words, times in Counter(entry.protects for entry in MUTATIONS).items() if times > 1] == []


def test_the_documentation_lists_them_all() -> None:
    page = ROOT / "docs" / "reliability.md"
    listed = page.read_text("utf-8")
    assert listed == with_table(listed, MUTATIONS), "run: make mutations"


# --- the runner, on a tree of two functions ----------


def mutation(protects: str, old: str, new: str, test: str, *also: dict[str, str]) -> Mutation:
    return Mutation("tiny", protects, "tiny/sums.py", old, new, f"checks/test_tiny.py{test}", also)


ENTRIES = {
    "killed by an assertion": mutation("sums", "a + b", "a - b", "::test_sum"),
    "killed by an error": mutation("halves", "a / 2", "a / 0", " -k half and not sum"),
    "killed only with the other one": mutation(
        "both", "a + b", "a + c", "::test_sum", {"file": "tiny/sums.py", "old": "(a, b)", "new": "(a, b, c=1)"}
    ),
    "survives": mutation("names", '"sums"', '"other"', "::test_sum"),
    "does not import": mutation("syntax", "a + b", "a +", "::test_sum"),
    "does not import where the test does": mutation("module", "import math", "import not_there", "::test_late"),
    "is not there any more": mutation("drift", "a * b", "a", "::test_sum"),
    "ends with no test": mutation("misnamed", "a + b", "a - b", " -k nothing_like_it"),
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    (tree / "tiny").mkdir(parents=True)
    (tree / "tiny" / "__init__.py").touch()
    (tree / "tiny" / "sums.py").write_text(
        'import math\nNAME = "sums"\n\ndef added(a, b):\n    return a + b\n\ndef half(a):\n    return a / 2\n'
    )
    (tree / "checks").mkdir()
    (tree / "checks" / "test_tiny.py").write_text(
        "def test_sum():\n    from tiny.sums import added\n    assert added(2, 3) == 5\n\n"
        "def test_half():\n    from tiny.sums import half\n    assert half(4) == 2\n\n"
        "def test_late():\n    from tiny.sums import NAME\n    assert NAME\n"
    )
    return tree


@pytest.fixture
def copies(tree: Path, tmp_path: Path) -> list[Copy]:
    return [Copy(tree, tmp_path / name) for name in ("one", "two")]


def test_each_verdict(copies: list[Copy]) -> None:
    found = {result.mutation.protects: result for result in results(copies, list(ENTRIES.values()))}
    assert {name: found[entry.protects].verdict for name, entry in ENTRIES.items()} == {
        "killed by an assertion": KILLED,
        "killed by an error": KILLED,
        "killed only with the other one": KILLED,
        "survives": SURVIVED,
        "does not import": INVALID,
        "does not import where the test does": INVALID,
        "is not there any more": INVALID,
        "ends with no test": INVALID,
    }
    assert "`old` occurs 0 times" in found["drift"].said
    assert failing(copies, list(ENTRIES.values())[:3]) == ""  # they are as they were


def test_one_that_hangs_is_ended(tree: Path, tmp_path: Path) -> None:
    endless = mutation("end", "a / 2", "sum(iter(int, 1))", "::test_half")
    result = Copy(tree, tmp_path / "short", seconds=3).result(endless)
    assert (result.verdict, result.said) == (INVALID, "it did not end within 3 s")


def test_tests_that_fail_anyhow_show_nothing(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "tiny" / "sums.py").write_text("def added(a, b):\n    return a - b\n")
    assert not carried_out(tree, [mutation("sums", "a - b", "a * b", "::test_sum")], workers=1)
    assert "nothing was mutated" in capsys.readouterr().out


@pytest.mark.parametrize(("name", "fine"), [("killed by an assertion", True), ("survives", False)])
def test_one_survivor_is_a_failure(tree: Path, capsys: pytest.CaptureFixture[str], name: str, fine: bool) -> None:
    before = {path: path.read_bytes() for path in tree.rglob("*.py")}
    assert carried_out(tree, [ENTRIES[name]], workers=1) is fine
    assert f"{int(fine)} of 1 mutations killed" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in tree.rglob("*.py")} == before


def test_the_list_goes_between_its_marks_and_replaces_the_former_one() -> None:
    entry = ENTRIES["survives"]
    page = f"above\n{BEGIN}\nold\n<!-- mutations: end -->\nbelow\n"
    once = with_table(page, [entry])
    assert once == with_table(once, [entry])
    assert once.startswith(f"above\n{BEGIN}\n\n| Protection |")
    assert "| names | `tiny/sums.py` | `checks/test_tiny.py::test_sum` |" in once
    assert once.endswith("\n\n<!-- mutations: end -->\nbelow\n")
    assert "old" not in table([entry])
    with pytest.raises(ValueError, match="mutations: begin"):
        with_table("a page without them", [entry])
