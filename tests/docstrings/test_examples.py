"""Every example in a docstring runs, on a sandbox of its own, in an empty folder."""

from __future__ import annotations

import doctest
import importlib
import os
import pkgutil
import warnings
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import pytest

import toastnb
import toastnb as tn

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def examples() -> Iterator[doctest.DocTest]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    names = ["toastnb", *(module.name for module in pkgutil.walk_packages(toastnb.__path__, "toastnb."))]
    for name in names:
        module = importlib.import_module(name)
        yield from (test for test in finder.find(module, name) if test.examples)


@pytest.mark.parametrize("example", list(examples()), ids=lambda example: example.name)
def test_example(example: doctest.DocTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    mpl.use("Agg")
    said: list[str] = []
    with tn.Sandbox(instant=True, start="2026-11-01T00:00:00Z") as sandbox, tn.connect(sandbox) as toast:
        example.globs |= {"toast": toast, "os": os, "tn": tn, "sandbox": sandbox}
        runner = doctest.DocTestRunner(optionflags=OPTIONS)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            failed, tried = runner.run(example, out=said.append)
    assert tried
    assert not failed, "".join(said)


PUBLIC = [
    *(getattr(tn.Toast, name) for name in dir(tn.Toast) if not name.startswith("_")),
    *(getattr(tn.capacity, name) for name in tn.capacity.__all__),
    *(getattr(tn.report, name) for name in tn.report.__all__),
    *(getattr(tn.plots, name) for name in tn.plots.__all__),
    *(getattr(tn.audit, name) for name in tn.audit.__all__),
    *(getattr(tn.forms, name) for name in tn.forms.__all__),
    *(getattr(tn.Projects, name) for name in dir(tn.Projects) if not name.startswith("_")),
    tn.connect,
    tn.connect_many,
    tn.load_inventory,
    tn.Inventory,
    tn.Sandbox,
]


@pytest.mark.parametrize("thing", [thing for thing in PUBLIC if callable(thing)], ids=lambda thing: thing.__qualname__)
def test_what_users_call_has_an_example(thing: object) -> None:
    if thing in (tn.Toast.close, tn.Projects.close):
        return
    assert ">>>" in (thing.__doc__ or ""), thing
