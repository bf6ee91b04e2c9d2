"""Two real processes over Mosquitto with mutual TLS: the firmware on MicroPython, a client on CPython."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

import aiomqtt
import pytest

from simulator.homes import HomeError
from simulator.homes.micropython import ROOT, interpreter
from simulator.site.files import Site
from simulator.site.mosquitto import Mosquitto
from tests.network.clients import client

pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"
)

PROGRAM = ROOT / "tools" / "device" / "networked.py"
MOST_TURNS = 60_000
TURN_MS = 10
PATIENCE_S = 100  # of a machine that has much else to do


@pytest.fixture
def command() -> list[str]:
    """MicroPython, or the test is skipped."""
    try:
        return [*interpreter(), "-X", "heapsize=512k", str(PROGRAM), str(ROOT)]
    except HomeError as absent:
        pytest.skip(str(absent))


async def run_pump(command: list[str], *arguments: Any) -> dict[str, Any]:
    """Run the device's program to its end; what it told."""
    process = await asyncio.create_subprocess_exec(
        *command, *map(str, arguments), stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        said, _ = await asyncio.wait_for(process.communicate(), 2 * PATIENCE_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, said.decode()
    return json.loads(said.decode().splitlines()[-1])


async def ask(site: Site, port: int, pump: str, missing: set[int]) -> None:
    """Ask again and again for what was not answered yet, over whatever happens to the broker."""
    while missing:
        with contextlib.suppress(aiomqtt.MqttError):
            async with client(site, port, site.client("terminal-1"), timeout=3) as one:
                await one.subscribe(f"kvo/{pump}/fact/+", qos=1)
                listening = asyncio.ensure_future(_listen(one, missing))
                try:
                    await _exchange(one, pump, missing)
                finally:
                    listening.cancel()
                    await asyncio.gather(listening, return_exceptions=True)
        await asyncio.sleep(0.05)


async def _exchange(one: aiomqtt.Client, pump: str, missing: set[int]) -> None:
    while missing:
        number = min(missing)
        await one.publish(f"kvo/{pump}/request", b"number" + bytes([number]), qos=1)
        for _ in range(100):
            if number not in missing:
                break
            await asyncio.sleep(0.005)


async def _listen(one: aiomqtt.Client, missing: set[int]) -> None:
    async for message in one.messages:
        payload = bytes(message.payload)
        place = payload.find(b"number")
        if place >= 0:
            missing.discard(payload[place + 6])


async def test_a_hundred_of_a_hundred_over_a_killed_broker_and_the_dose_as_without(
    site: Site, broker: Mosquitto, command: list[str]
) -> None:
    pump = site.pumps()[0]
    running = asyncio.ensure_future(run_pump(command, pump, site.pump(pump), broker.port, MOST_TURNS, TURN_MS))
    missing = set(range(100))
    asking = asyncio.ensure_future(ask(site, broker.port, pump, missing))
    try:
        async with asyncio.timeout(PATIENCE_S):
            for left in (66, 33):
                while len(missing) > left and not running.done():
                    await asyncio.sleep(0.01)
                broker.kill()
                broker.start()
            await asking
            while not running.done():
                with contextlib.suppress(aiomqtt.MqttError):
                    async with client(site, broker.port, site.client("terminal-1")) as one:
                        await one.publish(f"kvo/{pump}/request", b"end", qos=1)
                await asyncio.wait([running], timeout=0.2)
            told = await running
    finally:
        asking.cancel()
        running.cancel()
        await asyncio.gather(asking, running, return_exceptions=True)
    alone = await run_pump(command, pump, "alone", 0, told["turns"], 0)
    assert missing == set()
    assert told["came"] > 100
    assert told["connections"] == 3
    assert (told["violations"], told["falls"]) == (0, 0)
    assert (told["therapy"], told["delivered_ul"]) == (alone["therapy"], alone["delivered_ul"])
    assert told["delivered_ul"] > 0
