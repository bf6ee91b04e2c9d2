"""How soon a ward is patched, from the records that a roll-out writes (docs/updates.md, "What a roll-out writes").

Of the release with the highest number that was out at the time asked about: which pumps run it, how long it took each
from release, and from the first push, to its confirmation. What is not in the records is not known, and not guessed.
"""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from tools.supply.problem import SupplyProblem
from tools.supply.support import UNKNOWN

FORMAT = "rollout/1"
EVENTS = ("release", "pump", "push", "install", "confirm", "revert", "refuse", "retire")
_PUMP = re.compile(r"[0-9a-f]{16}")
_LARGEST = 2**31 - 1
_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Event:
    """One line. number: of the image, -1 where the line has none; support_end: a day, or None where none is said."""

    at: datetime
    event: str
    pump: str = ""
    number: int = -1
    support_end: date | None = None
    says_support: bool = False
    reason: str = ""


@dataclass(slots=True)
class Pump:
    """One pump as the records leave it. number: what it runs, -1: not known. pushed, confirmed: of the newest image."""

    name: str
    number: int = -1
    support_end: date | None = None
    pushed: datetime | None = None
    installed: datetime | None = None
    confirmed: datetime | None = None
    state: str = "not pushed"


@dataclass(frozen=True, slots=True)
class Metrics:
    """The ward at a time. newest: the release that is asked about, -1 where none is out."""

    at: datetime
    newest: int
    released: datetime | None
    pumps: list[Pump] = field(default_factory=list)

    @property
    def patched(self) -> list[Pump]:
        """Those that run the newest release, or a later one, for good."""
        return [one for one in self.pumps if self.newest >= 0 and one.number >= self.newest]

    @property
    def share(self) -> float | None:
        """Of the ward's pumps, 0 to 1; None where there is no pump, or no release."""
        return len(self.patched) / len(self.pumps) if self.pumps and self.newest >= 0 else None

    @property
    def hours_to_patch(self) -> list[float]:
        """From release to confirmation, of each pump that confirmed it."""
        return [_hours(self.released, one.confirmed) for one in self.pumps if self.released and one.confirmed]

    @property
    def hours_to_deploy(self) -> list[float]:
        """From the first push to confirmation, of each pump of which both are known."""
        return [_hours(one.pushed, one.confirmed) for one in self.pumps if one.pushed and one.confirmed]

    @property
    def past_support(self) -> list[Pump]:
        """Pumps whose support ended before the time asked about."""
        return [one for one in self.pumps if one.support_end is not None and one.support_end < self.at.date()]

    @property
    def support_unknown(self) -> list[Pump]:
        """Pumps of which nobody says when support ends."""
        return [one for one in self.pumps if one.support_end is None]


def _hours(begin: datetime | None, end: datetime | None) -> float:
    return (end - begin).total_seconds() / _HOUR if begin is not None and end is not None else 0.0


def median(values: list[float]) -> float | None:
    """The middle one, None of none."""
    return statistics.median(values) if values else None


def read_records(path: Path) -> list[Event]:
    """The events of a file, in order of time. SupplyProblem names the line that is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as wrong:
        raise SupplyProblem(f"{path}: cannot be read ({wrong}); a roll-out writes such a file") from None
    events = []
    for place, line in enumerate(lines, 1):
        if line.strip():
            try:
                events.append(_event(json.loads(line)))
            except (ValueError, KeyError, TypeError) as wrong:
                raise SupplyProblem(
                    f"{path}:{place}: no record of a roll-out ({wrong}); docs/updates.md has the format"
                ) from None
    return sorted(events, key=lambda one: one.at)


def _event(said: Any) -> Event:
    if not isinstance(said, dict) or said.get("kvo") != FORMAT:
        raise ValueError(f"'kvo' is not {FORMAT!r}")
    event, at = said["event"], datetime.fromisoformat(said["at"])
    if event not in EVENTS:
        raise ValueError(f"event {event!r} is none of {', '.join(EVENTS)}")
    if at.tzinfo is None:
        raise ValueError("'at' has no offset; write 2026-11-03T08:00:00Z")
    pump, number = said.get("pump", ""), said.get("number", -1)
    if event != "release" and not (isinstance(pump, str) and _PUMP.fullmatch(pump)):
        raise ValueError("'pump' is not 16 hex digits")
    if event != "retire" and (type(number) is not int or not 0 <= number <= _LARGEST):
        raise ValueError("'number' is no sequence number")
    end = said.get("support_end", UNKNOWN)
    day = None if end == UNKNOWN else date.fromisoformat(end)
    return Event(at, event, pump, number, day, "support_end" in said, str(said.get("reason", "")))


def measure(events: Iterable[Event], at: datetime) -> Metrics:
    """The ward at time `at`: what lies after it is left out."""
    known = [one for one in events if one.at <= at]
    releases = {one.number: one for one in reversed(known) if one.event == "release"}
    newest = max(releases, default=-1)
    pumps: dict[str, Pump] = {}
    for one in known:
        if one.event == "retire":
            pumps.pop(one.pump, None)
        elif one.event != "release":
            _apply(pumps.setdefault(one.pump, Pump(one.pump)), one, newest)
    for pump in pumps.values():
        release = releases.get(pump.number)
        ends = [end for end in (pump.support_end, release.support_end if release else None) if end is not None]
        pump.support_end = min(ends, default=None)
    released = releases[newest].at if newest >= 0 else None
    return Metrics(at, newest, released, [pumps[name] for name in sorted(pumps)])


def _apply(pump: Pump, one: Event, newest: int) -> None:
    if one.event in ("pump", "confirm"):
        pump.number = one.number
    if one.says_support and one.event == "pump":
        pump.support_end = one.support_end
    if one.number != newest:
        return
    if one.event == "push":
        pump.pushed = pump.pushed or one.at
        pump.state = "pushed"
    elif one.event == "install":
        pump.installed = one.at
        pump.state = "on trial"
    elif one.event == "confirm" or one.event == "pump":
        pump.confirmed = pump.confirmed or (one.at if one.event == "confirm" else None)
        pump.state = "patched"
    elif one.event in ("revert", "refuse"):
        pump.confirmed = None
        pump.number = -1 if pump.number == newest else pump.number
        word = "reverted" if one.event == "revert" else "refused"
        pump.state = f"{word}: {one.reason}" if one.reason else word
