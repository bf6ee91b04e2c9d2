"""docs/attack-catalogue.md, the shipped attacks at a glance: `python -m tools.attack_doc` writes it."""

from __future__ import annotations

from pathlib import Path

from simulator.files.scenario import Scenario, load_scenario, shipped_attacks

PAGE = Path("docs") / "attack-catalogue.md"
_HEAD = """# The catalogue of attacks

What is known of attacks on pumps, re-enacted in its essence on this one: each begins mid-infusion, lasts at most twenty
minutes of simulated time, and is a file in `scenarios/attacks/`. No medical use.

```
kvo scenario show store-put-back     # the story as a drawing
kvo scenario run store-put-back      # margins; exit code 1 where a property fails
pytest --kvo scenarios/attacks       # all of them
```

Each names the **control** that stops it ([controls.md](controls.md)) and the property that fails without that control.
*Claims* `attacks` and `ablation` show both. [scenarios.md](scenarios.md) has the language,
[attack-suites.md](attack-suites.md) how to write your own.

**Scaled.** Jamming for hours is eleven minutes here: what a pump does alone does not change after the first of them.

<!-- Made by `python -m tools.attack_doc` from scenarios/attacks/; do not edit. -->
"""


def _row(one: Scenario) -> str:
    references = one.references
    known = [*references.advisory, *references.cve, *references.cwe]
    theirs = [*references.emb3d, *references.attack]
    positions = ", ".join(one.attack.positions) if one.attack else ""
    control = one.attack.control if one.attack else ""
    cells = [f"`{one.name}`", one.title, positions, one.programme.drug.name, f"`{control}`", ", ".join(known),
             ", ".join(theirs)]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def page(attacks: list[Scenario]) -> str:
    """The page as it must be, of these attacks."""
    controls = {one.attack.control for one in attacks if one.attack}
    lines = [
        f"\n{len(attacks)} attacks, {len(controls)} controls.\n",
        "| attack | what happens | position | drug | control | known from | EMB3D, ATT&CK for ICS |",
        "|---|---|---|---|---|---|---|",
        *(_row(one) for one in attacks),
    ]
    return _HEAD + "\n".join(lines) + "\n"


def check(attacks: list[Scenario], root: Path = Path()) -> bool:
    """Whether the page is that of these attacks."""
    return (root / PAGE).read_text(encoding="utf-8") == page(attacks)


def write(root: Path = Path()) -> Path:
    """Renew it; returns its path."""
    path = root / PAGE
    attacks = [load_scenario(one) for one in shipped_attacks().values()]
    path.write_text(page(attacks), encoding="utf-8")
    return path


if __name__ == "__main__":
    print(write())
