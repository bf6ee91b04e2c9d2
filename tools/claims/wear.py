"""Evidence that the journal wears the store slowly: writes an hour, and the flash life that follows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware.app import App
from firmware.therapy.keeper import Keeper
from hal.ports import AREA_JOURNAL_A
from simulator.files.programme import find_programme, load_programme, shipped_programmes
from simulator.standins.gatekeeper import ScriptedGatekeeper
from simulator.world import World
from tools.claims.registry import Outcome, Report, claim

HOUR_MS = 3_600_000
# Program-erase cycles of a sector that makers of NOR flash promise (W25Q16JV data sheet: 100,000).
CYCLES = 100_000
LIFE_YEARS = 10
WRITES_AN_HOUR = 600
_HOURS_A_YEAR = 8_766
_SHALLOW = ("norepinephrine-8h", "morphine-pca", "oxytocin-steps", "fluid-bolus")


class ProgressEachTurn(Keeper):
    """A mutant: what a resume needs is written ten times a second."""

    def persist(self, readings: Any) -> None:
        self._controller.outbox.progress_due = True
        super().persist(readings)


def writes_too_much(board: Any) -> App:
    """Make a firmware with the mutant for its keeper."""
    app = App(board, ScriptedGatekeeper())
    app.keeper.__class__ = ProgressEachTurn
    return app


def an_hour(name: str, make_app: Callable[[Any], App] | None) -> tuple[int, int]:
    """Run a programme's first hour; return (writes, bytes) of the journal in it."""
    programme = load_programme(find_programme(name))
    until_ms = min(HOUR_MS, programme.duration_ms)
    with World(programme, seed=2, make_app=make_app) as world:
        world.run(until_ms)
        app = world.home.app  # type: ignore[attr-defined]
        size = world.board.store.size(AREA_JOURNAL_A)
        written = app.keeper.journal.written(size)
        writes = world.board.store.writes
    return writes * HOUR_MS // until_ms, written * HOUR_MS // until_ms


@claim(
    "journal-wear",
    "In an hour of infusing the journal writes no more than 600 times, and a flash of 100,000 cycles outlasts ten "
    "years of infusing without a pause.",
    mutants={"progress each turn": lambda: writes_too_much},
)
def journal_wear(deep: bool, subject: Callable[[Any], App] | None, report: Report) -> Outcome:
    """The first hour of some shipped programmes, of all where `deep`."""
    names = shipped_programmes() if deep else _SHALLOW
    worst_writes = worst_bytes = 0
    hours: dict[str, dict[str, int]] = {}
    for done, name in enumerate(names, 1):
        writes, written = an_hour(name, subject)
        hours[name] = {"writes": writes, "bytes": written}
        worst_writes, worst_bytes = max(worst_writes, writes), max(worst_bytes, written)
        report(done, len(names))
    areas_bytes = 2 * 64 * 1024
    years = CYCLES * areas_bytes // worst_bytes // _HOURS_A_YEAR
    holds = worst_writes <= WRITES_AN_HOUR and years >= LIFE_YEARS
    figure = f"at most {worst_writes:,} writes and {worst_bytes / 1024:.0f} KiB an hour: {years} years of infusing"
    return Outcome(holds, figure, {"hours": hours, "years": years})
