"""Wheel and sdist: what is in them, and that what is installed from them works."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HAS_UV = find_spec("uv") is not None


def done(*command: str | Path, cwd: Path | None = None) -> str:
    """Run a command that must succeed, without this process's Python settings; return what it printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "TOASTNB_"))}
    result = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result.stdout


def built(out: Path, *what: str, source: Path = ROOT) -> None:
    installer = ["--installer", "uv"] if HAS_UV else []
    done(sys.executable, "-m", "build", *installer, *what, "--outdir", out, source)


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def inside(names: set[str], folder: str) -> set[str]:
    return {name.removeprefix(f"{folder}/") for name in names if name.startswith(f"{folder}/")}


def source_files(folder: str, *patterns: str) -> set[str]:
    return {str(path.relative_to(ROOT)) for pattern in patterns for path in (ROOT / folder).rglob(pattern)}


@pytest.fixture(scope="module")
def packages(tmp_path_factory) -> tuple[Path, Path, Path]:
    """Build the sdist and a wheel of it, and a wheel of the checkout itself; return all three."""
    both, direct = tmp_path_factory.mktemp("both"), tmp_path_factory.mktemp("direct")
    built(both)
    built(direct, "--wheel")
    [sdist], [wheel], [other] = both.glob("*.tar.gz"), both.glob("*.whl"), direct.glob("*.whl")
    return sdist, wheel, other


def test_the_wheel_has_the_package_and_nothing_else(packages):
    names = contents(packages[2]).keys()
    ours = {name for name in names if ".dist-info/" not in name}
    wanted = source_files("toastnb", "*.py", "*.pyi", "*.html", "*.csv", "*.toml", "py.typed")
    wanted |= {f"toastnb/notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert ours == wanted
    assert {"py.typed", "__init__.pyi", "sandbox/server.py", "report/page.html"} <= inside(ours, "toastnb")
    assert {"01-inventory.ipynb", "02-capacity-report.ipynb"} <= inside(ours, "toastnb/notebooks")


def test_the_wheel_says_its_licence_and_its_command(packages):
    files = contents(packages[2])
    [metadata] = [text.decode() for name, text in files.items() if name.endswith(".dist-info/METADATA")]
    [entries] = [text.decode() for name, text in files.items() if name.endswith(".dist-info/entry_points.txt")]
    [licence] = [text.decode() for name, text in files.items() if name.endswith(".dist-info/licenses/LICENSE")]
    assert "\nLicense-Expression: MIT\n" in metadata
    assert licence.startswith("MIT License\n\nCopyright (c) 2026 The toastnb authors\n")
    assert "toastnb = toastnb.cli:main" in entries


def test_the_sdist_has_what_is_tracked_but_for_the_pipeline(packages):
    with tarfile.open(packages[0]) as archive:
        names = {member.name.split("/", 1)[1] for member in archive.getmembers() if member.isfile()}
    assert {"pyproject.toml", "README.md", "LICENSE", "environment.yml", "toastnb/py.typed"} <= names
    assert any(name.startswith("notebooks/") for name in names)
    unwanted = (".ci/", ".venv/", ".git/", "build/", "dist/", "docs/tutorials/", "docs/_build/")
    assert {name for name in names if name.startswith(unwanted)} == set()


def test_the_sdist_builds_the_same_wheel(packages):
    assert contents(packages[1]) == contents(packages[2])


class Environment:
    """A virtual environment with nothing but what is installed into it here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        bin_ = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
        self.python, self.command = bin_ / "python", bin_ / "toastnb"
        if HAS_UV:
            done(sys.executable, "-m", "uv", "venv", "-q", "--python", sys.executable, folder / "env")
        else:
            done(sys.executable, "-m", "venv", folder / "env")

    def install(self, requirement: str) -> None:
        if HAS_UV:
            done(sys.executable, "-m", "uv", "pip", "install", "-q", "--python", self.python, requirement)
        else:
            done(self.python, "-m", "pip", "install", "-q", requirement)

    def run(self, code: str) -> str:
        return done(self.python, "-I", "-c", code, cwd=self.folder).strip()


@pytest.fixture(scope="module")
def core(packages, tmp_path_factory) -> Environment:
    """Install the wheel with the core alone."""
    environment = Environment(tmp_path_factory.mktemp("core"))
    environment.install(f"toastnb @ {packages[1].as_uri()}")
    return environment


@pytest.fixture
def with_sandbox(packages, tmp_path_factory) -> Environment:
    """Install the wheel with the extra `sandbox`."""
    environment = Environment(tmp_path_factory.mktemp("with-sandbox"))
    environment.install(f"toastnb[sandbox] @ {packages[1].as_uri()}")
    return environment


def test_the_import_loads_nothing_heavy(core):
    heavy = {"pandas", "requests", "msgspec", "matplotlib"}
    assert core.run(f"import sys, toastnb; print({heavy} & sys.modules.keys())") == "set()"
    assert "site-packages" in core.run("import toastnb; print(toastnb.__file__)")


def test_the_command_is_there(core):
    said = done(core.command, "--help")
    for name in ("login", "whoami", "inventory", "report", "notebooks", "sandbox"):
        assert f"\n  {name} " in said
    assert done(core.command, "--version").strip() == core.run("import toastnb; print(toastnb.__version__)")


def test_the_notebooks_come_with_it(core):
    done(core.command, "notebooks", "mine", cwd=core.folder)
    copied = {path.name: path.read_bytes() for path in (core.folder / "mine").iterdir()}
    assert copied == {path.name: path.read_bytes() for path in (ROOT / "notebooks").glob("*.ipynb")}


def test_without_the_extra_the_error_names_it(core):
    said = core.run(
        "import toastnb as tn\ntry:\n    tn.connect('sandbox')\nexcept tn.MissingExtra as error:\n    print(error)"
    )
    assert "pip install 'toastnb[sandbox]'" in said


def test_with_the_extra_an_inventory_is_pulled(with_sandbox):
    pull = "with tn.connect('sandbox') as toast: print(len(toast.inventory().instances_detail))"
    assert with_sandbox.run(f"import toastnb as tn\n{pull}") == "250"
