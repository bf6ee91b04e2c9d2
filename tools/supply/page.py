"""A ward's patches as a page, and as figures for JSON."""

from __future__ import annotations

from typing import Any

from simulator.report.page import page, table, tiles
from simulator.report.words import safe
from tools.supply.metrics import Metrics, median

_HEADS = [
    ("pump", False), ("runs", True), ("state", False), ("pushed", False), ("confirmed", False), ("support ends", False),
]  # fmt: skip


def hours(value: float | None) -> str:
    """Hours, or days from two on; a dash for none."""
    if value is None:
        return "–"
    return f"{value:.1f} h" if value < 48 else f"{value / 24:.1f} d"


def figures(found: Metrics) -> dict[str, Any]:
    """What `--json` holds."""
    return {
        "at": found.at.isoformat(), "release": found.newest if found.newest >= 0 else None,
        "released": found.released.isoformat() if found.released else None, "pumps": len(found.pumps),
        "patched": len(found.patched), "share_patched": found.share,
        "hours_to_patch": {"median": median(found.hours_to_patch), "most": max(found.hours_to_patch, default=None)},
        "hours_to_deploy": {"median": median(found.hours_to_deploy), "most": max(found.hours_to_deploy, default=None)},
        "past_end_of_support": [one.name for one in found.past_support],
        "end_of_support_unknown": [one.name for one in found.support_unknown],
        "states": {one.name: one.state for one in found.pumps},
    }  # fmt: skip


def big_figures(found: Metrics) -> list[tuple[str, str]]:
    """The figures that a ward is asked for, in words."""
    share = "–" if found.share is None else f"{found.share:.0%}"
    return [
        (share, f"{len(found.patched)} of {len(found.pumps)} pumps patched"),
        (hours(median(found.hours_to_patch)), "release to confirmed, median"),
        (hours(median(found.hours_to_deploy)), "first push to confirmed, median"),
        (str(len(found.past_support)), "pumps past end of support"),
        (str(len(found.support_unknown)), "pumps whose end of support is unknown"),
    ]


def rows(found: Metrics) -> list[list[str]]:
    """A row for each pump, as text."""
    return [
        [
            one.name, str(one.number) if one.number >= 0 else "unknown", one.state,
            one.pushed.isoformat(" ", "minutes") if one.pushed else "–",
            one.confirmed.isoformat(" ", "minutes") if one.confirmed else "–",
            f"{one.support_end}{' (past)' if one in found.past_support else ''}" if one.support_end else "unknown",
        ]
        for one in found.pumps
    ]  # fmt: skip


def show(found: Metrics) -> str:
    """A whole HTML file."""
    which = f"release {found.newest}" if found.newest >= 0 else "no release is known"
    under = f'<p class="under">{found.at.isoformat(" ")}</p>'
    head = f'<header><p class="kicker">Patches</p><h1>{safe(which)}</h1>{under}</header>'
    listed = table(_HEADS, [[safe(cell) for cell in row] for row in rows(found)])
    return page(f"Patches: {which}", head + tiles(big_figures(found)) + listed, {})
