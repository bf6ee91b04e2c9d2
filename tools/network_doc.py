"""docs/network.md from the code's own tables: ports, topics, limits. `python -m tools.network_doc` writes it."""

from __future__ import annotations

from pathlib import Path

from firmware.comms import backoff, mqtt, outgoing, packets
from firmware.comms.topics import OFFLINE
from simulator.site import broker
from simulator.site.make import PORT
from tools.pages import Page, table

DOCS = Path("docs")
PAGE = "network.md"

# What listens, by program: who, port, who may come in.
LISTENS = (
    ("Mosquitto, by a site's configuration", f"TCP {PORT} (`--port`), 127.0.0.1 only",
     "TLS 1.2 or newer, with a certificate of the site's own authority"),
    ("the embedded broker of a ward, where Mosquitto is not installed", "TCP, the same port, 127.0.0.1 only",
     "TLS, anybody on this machine"),
    ("a pump, on any board", "nothing", "it dials the broker; its local port is a serial line"),
    ("the key service", "nothing", "a Python API, in the process that asks"),
    ("the commands of `kvo`", "nothing", "they dial, or write files"),
    ("a device's end of the lockstep link, under test (`hal/lockstep/tcp.py`)",
     "TCP, the port it is given, 127.0.0.1 only", "one connection, from this machine; in no image of a pump"),
    ("a spoilt link and a malicious broker, in tests", "TCP, any free port, 127.0.0.1 only", "the test itself"),
)  # fmt: skip
# Every source that binds a socket; the last two let go of it again before anybody could come in.
BINDS = (
    "hal/lockstep/tcp.py", "simulator/homes/device_tcp.py", "tools/device/link_mutant.py", "tools/fuzz/sockets.py",
    "tools/link_proxy.py", "simulator/site/mosquitto.py", "tools/served.py",
)  # fmt: skip

TOPICS_HEAD = ("topic", "who writes", "who reads", "QoS", "what")

_HEAD = """# Network

<!-- Made by `python -m tools.network_doc` from the code; do not edit. -->

What listens, who says what on which topic, and what bounds it. KVO is no medical device. Everything here is tested on
this machine's loopback; the broker, and the network, are trusted with nothing ([design](design.md)): what counts is
that a request is authentic end to end.
"""

_TAIL = """## What the broker refuses

Tried with real clients against Mosquitto, and judged by what arrives, not by what the broker answers
(`tests/network/test_mosquitto.py`): a client without a certificate, with one that is expired, not yet valid, revoked, a
server's, or signed by a stranger; a client id that does not begin with `kvo-`, so `#` and `+`; a pump on another pump's
topics; a pump that sends requests; a retained message; a message past the bound. The broker takes a client's identity
from its certificate alone: nobody ends another's session by using its id.

## What the pump does with a broker it cannot trust

*Claim* `malicious-broker`. It believes nothing that it was not owed: any other byte ends the connection, and the next
one waits. It takes one request at a time and no other until the gatekeeper has it, so a flood waits at the
broker. A retained request, and one on another topic, is acknowledged and forgotten. A request too long is handed on one
byte longer than the longest, so that the gatekeeper refuses it for its length and says so.

A TLS handshake is one C call on a device. Comms begins one only while the lease in force outlasts it
([partitions](partitions.md)).

## Why the client is our own

`chumicro-mqtt` 0.30.3 (PyPI) runs on both interpreters and is stepped without blocking. It does not fit here, for
reasons that can be read in its source: it drops the RETAIN flag of what it receives, so retained requests cannot be
ignored; a broker that answers CONNECT with code 1, 2, 4 or 5 stops it for good, so one lie of the broker's ends
communication; it takes packets out of turn (a second CONNACK, QoS 3). Its two modules are 20.2 KB of `.mpy`, before
`chumicro-timing`; all of `firmware/comms` is under 9.

## The embedded broker

Where Mosquitto is not installed, `kvo ward` runs `amqtt` (`pip install 'kvo[broker]'`; its releases before 0.12 cannot
be installed beside this project) in a process of its own: loopback alone, TLS by the site's server certificate. It
demands no certificate of a client, keeps no access list, and lets retained messages be, so whoever is on this
machine may listen, send, and end another's session by using its id: what the section before says of the broker does
not hold of it. What a pump hears and a gateway shows rests on keys and holds all the same. It is for a first try; a
site has Mosquitto.
"""


def topics(pump: str = "PUMP") -> list[tuple[str, ...]]:
    """Rows of the table of topics: topic, who writes, who reads, QoS, what."""
    return [
        (f"`{broker.REQUEST % pump}`", "terminals and gateways", "that pump", "1", "requests"),
        (f"`{(broker.FACT % pump).replace('+', 'KIND')}`", "that pump", "terminals and gateways",
         "1; status and waveform 0", "facts; KIND is the number that the fact itself says"),
        (f"`{broker.WILL % pump}`", "the broker, for that pump", "terminals and gateways", "1",
         f"`{OFFLINE.decode()}`, and nothing else"),
    ]  # fmt: skip


def page() -> str:
    """The whole of docs/network.md."""
    limits = [(f"`{name}`", str(value)) for name, value in broker.LIMITS.items()]
    ours = [
        ("longest request that is taken", f"{packets.REQUEST:,} bytes"),
        ("longest packet that is let pass, unread past the request", f"{packets.MOST:,} bytes"),
        ("longest fact", f"{outgoing.FACT:,} bytes"),
        ("facts under way at once", "1"),
        ("connections on which one fact is tried", str(outgoing.TRIES)),
        ("bytes read in one poll", str(mqtt.CHUNK)),
        ("quiet before it asks whether the broker is there", f"{mqtt.PING_MS / 1000:g} s"),
        ("patience with an answer", f"{mqtt.ANSWER_MS / 1000:g} s"),
        ("keep-alive told to the broker", f"{mqtt.KEEP_ALIVE_S} s"),
        ("before it dials again", f"{backoff.FIRST_MS / 1000:g} s, doubled up to {backoff.LAST_MS / 1000:g} s, "
                                  "less up to a half by chance"),
    ]  # fmt: skip
    lines = [
        _HEAD, "## What listens", "",
        *table(("program", "port", "who may come in"), list(LISTENS)),
        "## Topics", "",
        "PUMP is the pump's id, 16 hex digits, and the name in its certificate. What is not here is refused.", "",
        *table(TOPICS_HEAD, topics()),
        "Terminals and gateways use `+` for PUMP. What a message holds: [protocol](protocol.md).", "",
        "## Limits", "", "Of the broker:", "", *table(("option", "value"), limits),
        "Of the pump's client (MQTT 3.1.1, clean sessions):", "", *table(("what", "bound"), ours), _TAIL,
    ]  # fmt: skip
    return "\n".join(lines).rstrip() + "\n"


_PAGE = Page(PAGE, page, DOCS)
write, check = _PAGE.write, _PAGE.check


if __name__ == "__main__":
    print(write())
