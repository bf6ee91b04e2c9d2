"""Each recipe of docs/cookbook.md runs as it stands there, as the file of a project with pytest-asyncio."""

import inspect
import re
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[2] / "docs" / "cookbook.md").read_text(encoding="utf-8")
RECIPES = re.findall(r"^## (.*?)\n(?:(?!^## ).)*?^```python\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


def cases():
    """Each test of each recipe, with what it is parametrised by."""
    for name, source in RECIPES:
        space = {"__name__": "recipe"}
        exec(compile(source, f"docs/cookbook.md: {name}", "exec"), space)
        for label, test in space.items():
            if label.startswith("test_"):
                marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
                values = [dict(zip(mark.args[0], one, strict=True)) for mark in marks for one in mark.args[1]] or [{}]
                for given in values:
                    yield pytest.param(test, given, id=" ".join([name, *given.values()]))


@pytest.mark.parametrize(("test", "given"), list(cases()))
async def test_recipe(test, given):
    result = test(**given)
    if inspect.isawaitable(result):
        await result


def test_every_heading_is_a_recipe():
    assert [name for name, _ in RECIPES] == re.findall(r"^## (.*)$", TEXT, re.MULTILINE) and len(RECIPES) >= 8
