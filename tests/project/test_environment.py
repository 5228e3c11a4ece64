"""The conda environment has what the core and the extras for users need: the same packages and bounds."""

from __future__ import annotations

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
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
CONDA = [entry for entry in ENVIRONMENT["dependencies"] if isinstance(entry, str)]
[FROM_PIP] = [entry["pip"] for entry in ENVIRONMENT["dependencies"] if isinstance(entry, dict)]
# What conda-forge calls differently, beyond the spelling that is not significant on PyPI.
NAMES_ON_CONDA = {"lazy-loader": "lazy_loader", "great-tables": "great_tables"}


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
    assert extras.keys() == {*for_users, "all", "docs", "dev"}


def test_the_package_itself_is_installed_from_the_checkout_and_all_else_by_conda():
    assert FROM_PIP == ["--editable ."]
    assert ENVIRONMENT["channels"] == ["conda-forge"]
    assert ENVIRONMENT["name"] == PROJECT["name"]
