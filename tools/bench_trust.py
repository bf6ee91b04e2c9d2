"""`kvo bench trust`: what authentic requests cost, by home, against a bare round trip, and in therapy's ticks."""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import typer

from simulator.homes import micropython, mpy, webassembly
from simulator.homes.base import HomeError
from tools.bench_speed import machine
from tools.commands.console import progress, write_json

SCRIPT = Path(__file__).with_name("device") / "verify_rate.py"
ROUNDS = 150
AIM = 3.0
AIM_TICKS = 2
_WARM_UP = 10
_SOURCES = (
    "firmware", "hal/__init__.py", "hal/ports.py", "hal/compat.py", "tools/__init__.py", "tools/device/__init__.py",
    "tools/device/measure.py", "tools/device/verify_rate.py",
)  # fmt: skip
_PATIENCE_S = 300
_KINDS = ("accepted", "refused", "first")
_ROUND_TRIPS = ("bare", "accept", "refuse")


def _spread(values: list[float]) -> dict[str, float]:
    """Median and quartiles."""
    low, middle, high = statistics.quantiles(values, n=4)
    return {"median": middle, "q1": low, "q3": high}


# Requests a second.


def on_cpython() -> dict[str, Any]:
    """verify_rate.py's figures in this process."""
    from tools.device.verify_rate import Rate

    rate = Rate(say=lambda line: None)
    while rate.step():
        pass
    return rate.found


def on_micropython() -> dict[str, Any]:
    """The same on the unix port with its heap capped. HomeError where it is not to be had."""
    return _figures(micropython.run_script(SCRIPT, str(mpy.ROOT), timeout_s=_PATIENCE_S))


def on_webassembly() -> dict[str, Any]:
    """The same with 32-bit words, from bytecode. HomeError where it is not to be had."""
    files = webassembly.bundle(mpy.compile_all(mpy.sources_of(*_SOURCES)))
    return _figures(webassembly.run_module(files, "tools.device.verify_rate", timeout_s=_PATIENCE_S))


HOMES: dict[str, Callable[[], dict[str, Any]]] = {
    "cpython": on_cpython, "micropython": on_micropython, "webassembly": on_webassembly,
}  # fmt: skip


def _figures(said: str) -> dict[str, Any]:
    for line in said.splitlines():
        if line.startswith("{"):
            found: dict[str, Any] = json.loads(line)
            return found
    raise HomeError(f"the measurement gave no figures: {said.strip()[-500:]}")


def rates(home: str) -> dict[str, Any]:
    """Requests a second in a home, for each kind: median and quartiles. HomeError where it is not to be had."""
    found = HOMES[home]()
    rates: dict[str, Any] = {
        kind: {name: round(1e7 / value) for name, value in _spread([float(one) for one in found[kind]]).items()}
        for kind in _KINDS
    }
    for one in rates.values():  # the slower quartile is the lower rate
        one["q1"], one["q3"] = one["q3"], one["q1"]
    return {"home": home, "words": found["words"], "request_bytes": found["bytes"], "per_s": rates}


# Round trips.


@contextmanager
def _peer(what: str, site: Any, pump_id: str, port: int) -> Iterator[None]:
    command = [sys.executable, "-m", "tools.bench_trust_peers", what, str(site.folder), pump_id, str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            if process.stdout.readline().strip() != "ready":
                raise RuntimeError(f"the far end ({what}) did not come up")
            yield
        finally:
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


async def round_trips(rounds: int, advance: Callable[[float, float], None]) -> dict[str, list[float]]:
    """Milliseconds of each round trip over one Mosquitto with mutual TLS, a triple a round, in an order drawn by lot.

    bare: a message to an aiomqtt client that sends it back, both ways at QoS 1; accept: a STATUS that a pump takes;
    refuse: the same with a MAC that does not hold. SiteError where Mosquitto is not to be had.
    """
    from simulator.site.make import make_site
    from simulator.site.mosquitto import Mosquitto
    from simulator.site.people import parse_operator

    found: dict[str, list[float]] = {name: [] for name in _ROUND_TRIPS}
    with tempfile.TemporaryDirectory(prefix="kvo-bench-") as folder:
        people = [parse_operator("ada:nurse", 1)]
        site = await asyncio.to_thread(
            make_site, Path(folder) / "site", 2, people, ("gateway", "terminal-1", "terminal-2")
        )
        pump_id, echo_id = site.pumps()
        with Mosquitto(site) as broker, _peer("echo", site, echo_id, broker.port), \
                _peer("pump", site, pump_id, broker.port):
            async with _ends(site, pump_id, echo_id, broker.port) as ways:
                lots = random.Random(1)
                for number in range(rounds + _WARM_UP):
                    for name in lots.sample(_ROUND_TRIPS, len(_ROUND_TRIPS)):
                        began = time.perf_counter()
                        await ways[name]()
                        if number >= _WARM_UP:
                            found[name].append((time.perf_counter() - began) * 1000)
                    advance(number, rounds + _WARM_UP)
    return found


@asynccontextmanager
async def _ends(site: Any, pump_id: str, echo_id: str, port: int) -> AsyncIterator[dict[str, Any]]:
    """The near ends: a terminal with an operator's key, and a bare client."""
    from firmware.trust import roles as r
    from firmware.trust import verdict as v
    from simulator.gateway.broker_link import BrokerLink
    from simulator.gateway.operator import OperatorClient
    from simulator.site.broker import FACT, REQUEST
    from simulator.site.keyservice import KeyService

    service = KeyService(site.folder)
    text = (site.folder / "to-hand-over" / "1.txt").read_text(encoding="utf-8")
    password = text.rsplit(": ", 1)[1].strip()
    echoed: asyncio.Queue[bytes] = asyncio.Queue()
    bare_link = BrokerLink(
        site.client("terminal-2"), "localhost", port, (FACT % echo_id,), lambda topic, data: echoed.put_nowait(data)
    )
    async with OperatorClient(site, service, "terminal-1", port=port) as client, bare_link:
        await bare_link.until_up()
        await client.log_in("ada", password)
        pump = await client.pump(pump_id)
        await client.tell_time(pump)

        async def bare() -> None:
            await bare_link.publish(REQUEST % echo_id, pump.make(r.KIND_STATUS, {}))
            await echoed.get()

        async def accept() -> None:
            answer = await pump.ask(r.KIND_STATUS)
            if answer.code != v.OK:
                raise RuntimeError(f"a request that should be taken came to: {answer}")

        async def refuse() -> None:
            message = bytearray(pump.make(r.KIND_STATUS, {}))
            message[-1] ^= 1
            answer = await pump.exchange(r.KIND_STATUS, bytes(message))
            if answer.code != v.REFUSED_WRONG_MAC:
                raise RuntimeError(f"a forged request came to: {answer}")

        yield {"bare": bare, "accept": accept, "refuse": refuse}


# Ticks.


def therapy_ticks() -> dict[str, int]:
    """Turns from a request's whole arrival in the mailbox until therapy shows it, on an ideal pump that infuses.

    new key: the terminal's key has to be derived first, once a shift. Each the most of ten.
    """
    from simulator.asked import NURSE
    from tools.claims.forgery_scene import infusing

    found: dict[str, int] = {"known key": 0, "new key": 0}
    for number in range(10):
        pump = infusing()
        pump.run(100 * number)
        found["new key"] = max(found["new key"], _until_shown(pump, NURSE))
        pump = infusing()
        pump.ask(NURSE, 11)
        pump.run(100 * number)
        found["known key"] = max(found["known key"], _until_shown(pump, NURSE))
    return found


def _until_shown(pump: Any, who: int) -> int:
    from firmware.trust import roles as r
    from hal.ports import FIELD_TITRATE_MILLI
    from simulator.trust_client import framed

    message = framed(pump.request(who, r.KIND_TITRATE, {FIELD_TITRATE_MILLI: pump.doses.honest}))
    pump.app.inbox.put(message, len(message))
    for ticks in range(1, 30):
        pump.tick()
        if pump.status.offered_milli == pump.doses.honest:
            return ticks
    raise RuntimeError("therapy never showed what was asked for")


# What is said.


def trust(json_file: Path | None = None, rounds: int = ROUNDS) -> None:
    """Print a line for each home, for the round trips and for the ticks; what is left out is said."""
    from simulator.site.files import SiteError

    here = machine()
    typer.echo(f"{here['implementation']} {here['python']}, {here['system']} {here['machine']}, {here['cores']} cores")
    homes = []
    for home in HOMES:
        try:
            one = rates(home)
        except HomeError as error:
            typer.echo(f"home {home}: left out: {str(error).removeprefix(f'home {home}: ')}", err=True)
            continue
        homes.append(one)
        typer.echo(f"home {home}: requests verified a second: " + "; ".join(
            f"{kind} {one['per_s'][kind]['median']:,} ({one['per_s'][kind]['q1']:,} to {one['per_s'][kind]['q3']:,})"
            for kind in _KINDS
        ))  # fmt: skip
    latency = None
    try:
        with progress(f"{rounds} rounds over Mosquitto") as advance:
            latency = _judged(asyncio.run(round_trips(rounds, advance)))
        _say_latency(latency)
    except SiteError as absent:
        typer.echo(f"round trips: left out: {absent}", err=True)
    ticks = therapy_ticks()
    typer.echo(f"therapy shows a request after {ticks['known key']} ticks at most (aim {AIM_TICKS}), "
               f"{ticks['new key']} where the key is new; a tick is 100 ms")  # fmt: skip
    if json_file is not None:
        write_json(json_file, {"machine": here, "homes": homes, "round_trips": latency, "ticks": ticks})


def _judged(found: dict[str, list[float]]) -> dict[str, Any]:
    """Medians and quartiles in ms, and of the ratio of each to the bare one of its own round."""
    told: dict[str, Any] = {"rounds": len(found["bare"]), "aim": AIM}
    for name in _ROUND_TRIPS:
        told[name] = {"ms": {key: round(value, 3) for key, value in _spread(found[name]).items()}}
        ratios = [one / bare for one, bare in zip(found[name], found["bare"], strict=True)]
        if name != "bare":
            told[name]["ratio"] = {key: round(value, 2) for key, value in _spread(ratios).items()}
    return told


def _say_latency(told: dict[str, Any]) -> None:
    bare = told["bare"]["ms"]
    typer.echo(f"round trips over Mosquitto, mutual TLS, {told['rounds']} rounds (median, quartiles): bare aiomqtt "
               f"{bare['median']:.2f} ms ({bare['q1']:.2f} to {bare['q3']:.2f})")  # fmt: skip
    for name in ("accept", "refuse"):
        ms, ratio = told[name]["ms"], told[name]["ratio"]
        typer.echo(f"  authenticated {name}: {ms['median']:.2f} ms ({ms['q1']:.2f} to {ms['q3']:.2f}), "
                   f"{ratio['median']:.2f} times bare ({ratio['q1']:.2f} to {ratio['q3']:.2f}; "
                   f"aim {AIM:g})")  # fmt: skip
