"""What docs/scenarios.md says of signals and verbs, and the JSON schema: `python -m tools.scenario_doc` writes both.

The page's words are written by hand; what stands between its two marks is made from the code. `check` compares; a
test calls it.
"""

from __future__ import annotations

import json
from pathlib import Path

from simulator.adversary import POSITIONS
from simulator.adversary.forger import FLAWS
from simulator.files.schema import scenario_schema
from simulator.scenario.signals import SIGNALS
from simulator.scenario.verbs import verbs
from tools.pages import renewed

PAGE = Path("docs") / "scenarios.md"
SCHEMA = Path("scenarios") / "schema" / "scenario-1.schema.json"
BEGIN = "<!-- Made by `python -m tools.scenario_doc` from simulator/scenario/; do not edit. -->"
END = "<!-- End of what is made. -->"
_NEEDS = {
    "people": "with `people`", "attack": "with `attack`", "concentration": "where a model of the drug is published",
    "effect": "where a ke0 is published",
}  # fmt: skip


def tables() -> str:
    """What stands between the marks: signals, verbs, positions and flaws."""
    lines = ["## Signals", "", "| signal | unit | what it is |", "|---|---|---|"]
    conditions = ["", "Conditions, +1 where they hold and −1 where not:", ""]
    conditions += ["| condition | holds where |", "|---|---|"]
    for one in SIGNALS.values():
        says = one.says + (f" ({_NEEDS[one.needs]})" if one.needs else "")
        if one.is_condition:
            conditions.append(f"| `{one.name}` | {says} |")
        else:
            lines.append(f"| `{one.name}` | {one.unit or 'number'} | {says} |")
    lines += conditions
    lines += ["", "## Verbs", "", "Every item has `at` and may have a `note`. Keys in brackets may be left out.", ""]
    lines += ["| verb | of | keys | what happens |", "|---|---|---|---|"]
    lines += [f"| `{verb}` | {who} | {_keys(keys)} | {says} |" for verb, who, keys, says in verbs()]
    lines += ["", "`forge` has one `flaw`, and takes a position by it:", "", "| flaw | what is wrong |", "|---|---|"]
    lines += [f"| `{name}` | {says[0].lower()}{says[1:]} |" for name, says in FLAWS.items()]
    lines += ["", "## Positions", "", "| position | its power |", "|---|---|"]
    lines += [f"| `{name}` | {kind.says} |" for name, kind in POSITIONS.items()]
    return "\n".join(lines)


def _keys(keys: str) -> str:
    return f"`{keys}`" if keys else ""


def page(text: str) -> str:
    """The page with its tables as they must be. ValueError where the marks are missing."""
    return renewed(PAGE, text, BEGIN, END, tables() + "\n")


def schema() -> str:
    """The schema as it must be."""
    return json.dumps(scenario_schema(), indent=1, ensure_ascii=False) + "\n"


def check(root: Path = Path()) -> bool:
    """Whether page and schema are the code's."""
    text = (root / PAGE).read_text(encoding="utf-8")
    return text == page(text) and (root / SCHEMA).read_text(encoding="utf-8") == schema()


def write(root: Path = Path()) -> list[Path]:
    """Renew both; returns their paths."""
    path, made = root / PAGE, root / SCHEMA
    path.write_text(page(path.read_text(encoding="utf-8")), encoding="utf-8")
    made.parent.mkdir(parents=True, exist_ok=True)
    made.write_text(schema(), encoding="utf-8")
    return [path, made]


if __name__ == "__main__":
    for one in write():
        print(one)
