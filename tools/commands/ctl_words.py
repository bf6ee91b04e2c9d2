"""How `kvo ctl` shows a pump: its status, and what it says while it is watched."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from firmware.trust import facts as f
from simulator.gateway import words
from simulator.gateway.pump import Pump
from simulator.gateway.views import Alarms, Status, Waveform

Echo = Callable[[str], Any]


def _ml(ul: int) -> str:
    return f"{ul / 1000:g} mL"


def status_lines(pump: Pump, is_fresh: bool) -> Iterator[str]:
    """A pump's status, a line each. is_fresh: it was made after a question of this terminal's."""
    status = pump.status
    if status is None:
        yield f"pump {pump.pump_id}: not heard yet"
        return
    left = "no limit" if status.vtbi_left_ul < 0 else _ml(status.vtbi_left_ul)
    yield f"pump {pump.pump_id}: {status.delivery}, trust {status.trust}"
    yield f"  rate {status.rate_ul_h / 1000:g} mL/h, delivered {_ml(status.delivered_ul)}, left {left}"
    if status.drug:
        yield f"  drug code {status.drug}"
    if status.message:
        yield f"  display: {status.says}"
    if status.offered_milli >= 0:
        yield f"  asked for from afar: {status.offered_milli / 1000:g} (in the drug's unit)"
    if status.operator:
        yield f"  at the bedside: operator {status.operator}"
    if pump.alarms is not None and pump.alarms.shown:
        yield f"  alarms ({pump.alarms.priority}): {', '.join(pump.alarms.shown)}"
    if status.site_s < 0:
        yield "  it does not know the time, and hears no operator: 'kvo ctl time' tells it"
    if not is_fresh:
        yield "  authentic; that it is of now is not proven: name an --operator for that"


def wave_line(piece: Waveform) -> str:
    """A piece of the waveform in a line: the mean pressure in each second of it, its range, and the steps."""
    a_second = max(1000 // piece.sample_ms, 1)
    means = [
        sum(part) // len(part)
        for part in (piece.pressure_mmhg[at : at + a_second] for at in range(0, len(piece.pressure_mmhg), a_second))
    ]
    low, high = min(piece.pressure_mmhg), max(piece.pressure_mmhg)
    drawn = " ".join(f"{mean:>4}" for mean in means)
    return f"{piece.pump_s:>7} s  {drawn} mmHg ({low} to {high}), {sum(piece.steps)} steps"


def wave_rows(pieces: list[Waveform]) -> str:
    """Every sample as CSV: when it was taken in pump time, to the second its piece was told in."""
    rows = ["pump_ms,pressure_mmhg,steps"]
    for piece in pieces:
        begun_ms = piece.pump_s * 1000 - (len(piece.steps) - 1) * piece.sample_ms
        for place, (pressure, steps) in enumerate(zip(piece.pressure_mmhg, piece.steps, strict=True)):
            rows.append(f"{begun_ms + place * piece.sample_ms},{pressure},{steps}")
    return "\n".join(rows) + "\n"


async def watch_pump(pump: Pump, seconds: float | None, echo: Echo) -> None:
    """Show what the pump says, where it is something new, for so many seconds."""
    shown = ""
    for line in status_lines(pump, True):
        echo(line)
    with contextlib.suppress(TimeoutError), pump.listening() as reader:
        async with asyncio.timeout(seconds):
            while True:
                fact = await reader.get()
                line = _line(fact.kind, fact)
                if line and line != shown:
                    shown = line
                    echo(f"{fact.pump_s:>7} s  {line}")
    if pump.refused or pump.missing:
        refused = ", ".join(f"{count} {name}" for name, count in pump.refused.items()) or "none"
        echo(f"refused: {refused}; missing: {pump.missing}")


def _line(kind: int, fact: Any) -> str:
    if kind == f.STATUS:
        status = Status.of(fact)
        said = f"; {status.says}" if status.message else ""
        flow = f"{status.rate_ul_h / 1000:g} mL/h, {_ml(status.delivered_ul)}"
        return f"{status.delivery}, {flow}, trust {status.trust}{said}"
    if kind == f.ALARMS:
        alarms = Alarms.of(fact)
        return f"alarms: {', '.join(alarms.shown) or 'none'}" + (f" ({alarms.priority})" if alarms.shown else "")
    if kind == f.ACK:
        return f"a request came to {words.name_of(fact.body[2])}"
    return "a session begins" if kind == f.HELLO else ""
