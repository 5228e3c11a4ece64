"""The conda environment and the developers' lock have what `pyproject.toml` asks for: the same packages and bounds."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from rattler import MatchSpec

ROOT = Path(__file__).parents[2]
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT = PYPROJECT["project"]
LOCK = (ROOT / "requirements-dev.txt").read_text("utf-8")
CONDA = [entry for entry in ENVIRONMENT["dependencies"] if isinstance(entry, str)]
[FROM_PIP] = [entry["pip"] for entry in ENVIRONMENT["dependencies"] if isinstance(entry, dict)]
# What conda-forge calls differently, beyond the spelling that is not significant on PyPI.
NAMES_ON_CONDA = {"duckdb": "python-duckdb", "lazy-loader": "lazy_loader", "great-tables": "great_tables"}


def needed(extra: str) -> dict[str, SpecifierSet]:
    """Return what an extra needs, the extras that it names included, by its name on conda-forge."""
    found: dict[str, SpecifierSet] = {}
    for text in PROJECT["optional-dependencies"][extra]:
        requirement = Requirement(text)
        if requirement.name == PROJECT["name"]:
            for other in sorted(requirement.extras):
                found |= needed(other)
        else:
            found |= as_on_conda(requirement)
    return found


def as_on_conda(requirement: Requirement) -> dict[str, SpecifierSet]:
    assert requirement.marker is None
    name = canonicalize_name(requirement.name)
    return {NAMES_ON_CONDA.get(name, name): requirement.specifier}


def of_users() -> dict[str, SpecifierSet]:
    core = [as_on_conda(Requirement(text)) for text in PROJECT["dependencies"]]
    python = {"python": SpecifierSet(PROJECT["requires-python"])}
    return {name: bounds for part in [python, *core, needed("all")] for name, bounds in part.items()}


@pytest.mark.parametrize("entry", CONDA)
def test_every_line_is_one_that_conda_understands(entry):
    assert MatchSpec(entry, strict=True).name.normalized == entry.split()[0]


def test_packages_and_bounds_are_those_of_the_project_and_no_others():
    specs = [MatchSpec(entry, strict=True) for entry in CONDA]
    listed = {spec.name.normalized: SpecifierSet(str(spec.version or "")) for spec in specs}
    assert len(listed) == len(CONDA)
    assert listed == {"pip": SpecifierSet(), **of_users()}


def test_every_extra_of_the_project_is_for_users_or_for_developers():
    extras = PROJECT["optional-dependencies"]
    for_users = {extra for text in extras["all"] for extra in Requirement(text).extras}
    assert extras.keys() == {*for_users, "all", "dask", "docs", "dev"}


def test_the_package_itself_is_installed_from_the_checkout_and_all_else_by_conda():
    assert FROM_PIP == ["--editable ."]
    assert ENVIRONMENT["channels"] == ["conda-forge"]
    assert ENVIRONMENT["name"] == PROJECT["name"]


# --- the lock of developers ----------


def locked() -> list[tuple[Requirement, list[str]]]:
    """Return the entries of the lock, each with its hashes."""
    entries = LOCK.replace("\\\n", " ").splitlines()
    parts = [re.split(r"\s+--hash=", entry) for entry in entries]
    return [(Requirement(requirement), [text.strip() for text in hashes]) for requirement, *hashes in parts]


def asked_for(extra: str | None = None) -> list[Requirement]:
    """Return what the project asks for directly: the core, or an extra with all that it names."""
    texts = PROJECT["dependencies"] if extra is None else PROJECT["optional-dependencies"][extra]
    found = []
    for requirement in map(Requirement, texts):
        ours = requirement.name == PROJECT["name"]
        found += [part for name in sorted(requirement.extras) for part in asked_for(name)] if ours else [requirement]
    return found


def test_every_entry_of_the_lock_is_one_version_with_hashes_and_no_address() -> None:
    entries = locked()
    assert len(entries) > 100
    for requirement, hashes in entries:
        [version] = requirement.specifier
        assert version.operator == "=="
        assert requirement.url is None
        assert hashes
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", text) for text in hashes)
    assert "://" not in LOCK
    assert not re.search(r"^\s*-(?!-hash=)", LOCK, re.MULTILINE)  # no option, such as an index


@pytest.mark.parametrize("requirement", [*asked_for(), *asked_for("dev")], ids=str)
def test_what_the_project_asks_for_is_locked_at_a_version_that_it_admits(requirement: Requirement) -> None:
    name = canonicalize_name(requirement.name)
    versions = [entry.specifier for entry, _ in locked() if canonicalize_name(entry.name) == name]
    assert versions, "run: make lock"
    for specifier in versions:
        [version] = specifier
        assert requirement.specifier.contains(version.version), "run: make lock"


def test_what_builds_the_package_is_locked_too() -> None:
    developers = {canonicalize_name(requirement.name): requirement.specifier for requirement in asked_for("dev")}
    for requirement in map(Requirement, PYPROJECT["build-system"]["requires"]):
        assert developers[canonicalize_name(requirement.name)] == requirement.specifier
    assert {"editables", "uv"} <= developers.keys()


def test_make_installs_developers_packages_by_their_hashes_only() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    [recipe] = re.findall(r"^define locked\n(.*?)^endef", makefile, re.DOTALL | re.MULTILINE)
    commands = re.findall(r"pip install (.*?)(?: \\|;)", recipe)
    assert len(commands) == 4
    for arguments in commands:
        from_lock = "--require-hashes" in arguments and "-r requirements-dev.txt" in arguments
        assert from_lock != ("--no-deps --no-build-isolation -e ." in arguments)


def test_every_python_of_the_classifiers_is_one_that_make_looks_for() -> None:
    listed = [text.rpartition(" ")[2] for text in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", text)]
    [versions] = re.findall(r"^VERSIONS := (.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert versions.split() == listed
    assert SpecifierSet(PROJECT["requires-python"]) == SpecifierSet(f">={listed[0]}")


def test_tests_of_the_library_alone_import_no_browser() -> None:
    [left_out] = re.findall(r"--ignore tests/%,(.*?)\)", (ROOT / "Makefile").read_text("utf-8"))
    folders = [ROOT / "tests" / name for name in left_out.split()]
    importing = [
        path
        for path in (ROOT / "tests").rglob("*.py")
        if re.search(r"^(from|import) (playwright|schemathesis)\b", path.read_text("utf-8"), re.MULTILINE)
    ]
    assert importing
    assert [path for path in importing if not any(path.is_relative_to(folder) for folder in folders)] == []
