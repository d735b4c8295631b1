"""Sphinx configuration. The pages load nothing from outside: no MathJax, no web fonts."""

import json
from pathlib import Path

from embarith import __version__
from embarith.result import json_schema, kinds

project = "embarith"
author = "The embarith authors"
copyright = "The embarith authors"  # noqa: A001 -- Sphinx's name
release = version = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_click",
]
default_role = "code"
# Curled quotes and joined dashes would spoil commands that readers copy.
smartquotes = False
exclude_patterns = ["_build"]
templates_path = ["_templates"]
nitpicky = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autosummary_generate = True
autosummary_imported_members = False
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = False

html_theme = "furo"
html_title = f"embarith {release}"
html_show_sphinx = False
html_copy_source = False

# The published schemas are those of the records themselves.
html_extra_path = ["_generated/extra"]
schemas = Path(__file__).parent / "_generated" / "extra" / "schema"
schemas.mkdir(parents=True, exist_ok=True)
for kind in kinds():
    text = json.dumps(json_schema(kind), indent=2, ensure_ascii=False)
    (schemas / f"{kind.removeprefix('embarith.').replace('/', '-')}.json").write_text(
        text + "\n", encoding="utf-8"
    )


def examples_as_code(app, context, lines):  # noqa: ARG001 -- Sphinx's signature
    """Show the lines that a help text ends with as commands, where sphinx-click has verse."""
    shown = []
    for line in lines:
        text = line.removeprefix("| ")
        if text.startswith("  "):
            shown.append(f"   {text.strip()}")
        elif text.endswith(":"):
            shown += [text, "", ".. code-block:: sh", ""]
        else:
            shown.append(text)
    lines[:] = shown


def setup(app):
    app.connect("sphinx-click-process-epilog", examples_as_code)
