"""How the documentation site is built; see https://www.sphinx-doc.org for the names."""

import sys
from pathlib import Path

import toastnb

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project = "toastnb"
author = "The toastnb authors"
copyright = f"2026, {author}"
release = version = toastnb.__version__

extensions = ["myst_nb", "numpydoc", "sphinx.ext.autodoc", "column_dictionary", "command_help"]
exclude_patterns = ["_build", "jupyter_execute"]
nitpicky = True

# Single backticks in docstrings are links where the name is documented, and code where it is not.
default_role = "py:obj"
nitpick_ignore_regex = [("py:obj", ".*")]

autodoc_typehints = "none"  # docstrings say the types in words
autodoc_member_order = "bysource"
numpydoc_show_class_members = False

myst_enable_extensions = ["attrs_block", "deflist"]
myst_heading_anchors = 3

# The tutorials are the notebooks themselves, run anew at each build.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_in_temp = True
nb_execution_timeout = 120
nb_merge_streams = True
nb_ipywidgets_js = {}  # nothing from a CDN: forms and progress bars are for live notebooks

html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
html_css_files = ["toastnb.css"]
html_show_sourcelink = False
html_sidebars = {"*": [], "tutorials/*": []}  # room for tables
html_theme_options = {
    "logo": {"text": "toastnb"},
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "navbar_persistent": ["search-button"],
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}


def _copy_notebooks() -> None:
    """Put the notebooks beside the pages, for Sphinx reads no file outside its folder."""
    source, target = HERE.parent / "notebooks", HERE / "tutorials"
    target.mkdir(exist_ok=True)
    notebooks = {path.name: path.read_bytes() for path in source.glob("*.ipynb")}
    for copy in target.glob("*.ipynb"):
        if copy.name not in notebooks:
            copy.unlink()
    for name, content in notebooks.items():
        if not (target / name).exists() or (target / name).read_bytes() != content:
            (target / name).write_bytes(content)


_copy_notebooks()
