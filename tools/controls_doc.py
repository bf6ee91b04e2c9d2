"""What docs/controls.md lists: `python -m tools.controls_doc` writes it between two marks; `check` compares."""

from __future__ import annotations

from pathlib import Path

from simulator.attack.controls.base import LAYERS
from simulator.attack.controls.table import CONTROLS, LEGACY
from tools.pages import renewed

PAGE = Path("docs") / "controls.md"
BEGIN = "<!-- Made by `python -m tools.controls_doc` from simulator/attack/controls/; do not edit. -->"
END = "<!-- End of what is made. -->"


def tables() -> str:
    """What stands between the marks: each control, by layer."""
    lines = []
    for layer, says in LAYERS.items():
        lines += [f"## {layer}: {says}", "", "| control | what it does | a pump without it | where |"]
        lines.append("|---|---|---|---|")
        for one in CONTROLS.values():
            if one.layer == layer:
                mark = " †" if one.name in LEGACY else ""
                lines.append(f"| `{one.name}`{mark} | {one.says} | {one.instead} | `{one.where}` |")
        lines.append("")
    return "\n".join(lines)


def page(text: str) -> str:
    """The page with its tables as they must be. ValueError where the marks are missing."""
    return renewed(PAGE, text, BEGIN, END, tables())


def check(root: Path = Path()) -> bool:
    """Whether the page is the code's."""
    text = (root / PAGE).read_text(encoding="utf-8")
    return text == page(text)


def write(root: Path = Path()) -> Path:
    """Renew the page; returns its path."""
    path = root / PAGE
    path.write_text(page(path.read_text(encoding="utf-8")), encoding="utf-8")
    return path


if __name__ == "__main__":
    print(write())
