"""The far ends of `kvo bench trust`, each a process of its own: an aiomqtt client that echoes, and a pump.

`python -m tools.bench_trust_peers echo|pump SITE PUMP PORT` says "ready" on standard output and runs until its standard
input ends. The pump is the firmware, whose comms and gatekeeper come round as soon as the socket has something, as on a
device whose main loop does nothing else; its turn, with therapy's tick, each 100 ms as always.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import sys
import time
from dataclasses import replace
from typing import Any

from simulator.files.programme import find_programme, load_programme
from simulator.gateway.broker_link import BrokerLink
from simulator.site.broker import FACT, REQUEST
from simulator.site.files import Site
from simulator.ward import PROGRAMME, WardPump
from simulator.world import TICK_MS

ACK = 4
_ROUNDS = 8  # of comms and gatekeeper, once something has come: a message is read in pieces
_WAIT_S = 0.001


def _over() -> bool:
    """Whether whoever started this has ended."""
    return bool(select.select([sys.stdin], [], [], 0)[0]) and not sys.stdin.buffer.read(1)


async def echo(site: Site, pump_id: str, port: int) -> None:
    """Send what comes back at once, at QoS 1, on the topic of acknowledgements."""
    waiting: asyncio.Queue[bytes] = asyncio.Queue()
    topic = (FACT % pump_id).replace("+", str(ACK))
    link = BrokerLink(
        site.pump(pump_id), "localhost", port, (REQUEST % pump_id,), lambda topic, data: waiting.put_nowait(data),
        ca=site.ca,
    )  # fmt: skip
    async with link:
        await link.until_up()
        print("ready", flush=True)
        while True:
            with contextlib.suppress(TimeoutError):
                data = await asyncio.wait_for(waiting.get(), 0.5)
                await link.publish(topic, data)
            if waiting.empty() and _over():
                return


def pump(site: Site, pump_id: str, port: int) -> None:
    """The firmware, prompt."""
    programme = replace(load_programme(find_programme(PROGRAMME)), events=())
    one = WardPump(site, pump_id, programme, ("localhost", port), None, "", 0)
    app: Any = one.app
    post = app.controller.mailbox.post
    due = time.monotonic()
    told = False
    while not _over():
        if time.monotonic() >= due:
            due = max(due + TICK_MS / 1000, time.monotonic() - 1)
            one.tick()
        for _ in range(_ROUNDS if _has_something(one) else 1):
            app.background()
            app.gatekeeper.step(app.inbox, app.facts, app.readings, post)
        app.background()
        if one.is_up and not told:
            told = True
            print("ready", flush=True)
    if one.link is not None:
        one.link.end()


def _has_something(one: WardPump) -> bool:
    plain = None if one.link is None else one.link._socket
    if plain is None:
        time.sleep(_WAIT_S)
        return False
    return bool(select.select([plain], [], [], _WAIT_S)[0])


def main() -> None:
    """Entry point."""
    what, folder, pump_id, port = sys.argv[1:]
    if what == "echo":
        asyncio.run(echo(Site(folder), pump_id, int(port)))
    else:
        pump(Site(folder), pump_id, int(port))


if __name__ == "__main__":
    main()
