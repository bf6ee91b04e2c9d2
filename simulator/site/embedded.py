"""The embedded broker: amqtt on loopback, by a site's server certificate, so that nothing but pip need install anything.

It is no site's broker. amqtt demands no certificate of a client and keeps no access list here: whoever is on this machine
may connect, listen and send. That changes nothing of what a pump hears or a gateway shows, which is decided by keys.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import signal
import sys

from simulator.site.files import Site, SiteError
from simulator.site.mosquitto import Mosquitto, mosquitto_command

MOST_CONNECTIONS = 512
_MODULE = "simulator.site.embedded"


def is_installed() -> bool:
    """Whether amqtt is."""
    return importlib.util.find_spec("amqtt") is not None


class Embedded(Mosquitto):
    """Runs while it is entered, in a process of its own, as Mosquitto does."""

    name = "the embedded broker"

    def _command(self) -> list[str]:
        return _command()

    def _arguments(self) -> list[str]:
        folder = self.site.broker.resolve()
        return [str(self.port), str(folder / "server.crt"), str(folder / "server.key"), str(folder / "ca.crt")]

    def reload(self) -> None:
        """It reads nothing but its own certificate, when it starts."""


def check_broker(embedded: bool | None = None) -> bool:
    """Which broker it is to be, True for the embedded one: Mosquitto where that is installed, or the one that is named.

    SiteError where it is not to be had, with what to install.
    """
    if embedded or (embedded is None and not _is_mosquitto_there() and is_installed()):
        _command()
        return True
    try:
        mosquitto_command()
    except SiteError as absent:
        more = "" if embedded is False else "; or 'pip install kvo[broker]' for the embedded one"
        raise SiteError(f"{absent}{more}") from None
    return False


def broker_for(site: Site, port: int | None = None, embedded: bool | None = None) -> Mosquitto:
    """That broker, for a site; SiteError as `check_broker`."""
    return Embedded(site, port) if check_broker(embedded) else Mosquitto(site, port)


def _is_mosquitto_there() -> bool:
    try:
        mosquitto_command()
    except SiteError:
        return False
    return True


def _command() -> list[str]:
    if not is_installed():
        raise SiteError("the embedded broker needs the package amqtt; pip install 'kvo[broker]'")
    return [sys.executable, "-m", _MODULE]


def settings(port: int, certificate: str, key: str, ca: str) -> dict[str, object]:
    """What amqtt is told: one listener, loopback only, TLS, whoever comes; a certificate that is shown is the site's."""
    listener = {
        "type": "tcp", "bind": f"127.0.0.1:{port}", "ssl": True, "certfile": certificate, "keyfile": key,
        "cafile": ca, "max_connections": MOST_CONNECTIONS,
    }  # fmt: skip
    plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    return {"listeners": {"default": listener}, "plugins": plugins}


async def serve(port: int, certificate: str, key: str, ca: str) -> None:
    """Run the broker until SIGTERM."""
    from amqtt.broker import Broker

    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    broker = Broker(settings(port, certificate, key, ca))
    await broker.start()
    await ended.wait()
    await broker.shutdown()


def main(arguments: list[str]) -> None:
    """For the process that it runs in: port, certificate, key and the authority's certificate."""
    port, *paths = arguments
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(serve(int(port), *paths))


if __name__ == "__main__":
    main(sys.argv[1:])
