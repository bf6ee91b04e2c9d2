"""A connection to the site's broker that is kept: mutual TLS, dialled again and subscribed again when it breaks.

A link that is dead while nothing is said shows by MQTT's own keep-alive, within twice KEEP_ALIVE_S. What the broker
says is carried, and believed by nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path

from simulator.gateway.problem import GatewayError

try:
    import aiomqtt
except ImportError as absent:
    raise GatewayError("this needs the package aiomqtt; pip install 'kvo[site]'") from absent

KEEP_ALIVE_S = 5
FIRST_WAIT_S = 0.5
LAST_WAIT_S = 8.0
ANSWER_S = 10.0  # patience with the broker
HELD = 2000  # messages held for whoever reads, at most
_ACK_S = 5.0

OnMessage = Callable[[str, bytes], None]
OnState = Callable[[bool, str], None]


def tls_of(folder: Path, ca: Path | None = None) -> ssl.SSLContext:
    """TLS with the identity in a provisioned client's folder; GatewayError where it cannot be read."""
    try:
        tls = ssl.create_default_context(cafile=str(ca or folder / "ca.crt"))
        tls.load_cert_chain(folder / "client.crt", folder / "client.key")
    except (OSError, ssl.SSLError) as wrong:
        raise GatewayError(f"{folder}: certificate and key cannot be used ({wrong}); "
                           f"'kvo provision rotate SITE {folder.name}' makes new ones") from None  # fmt: skip
    return tls


class BrokerLink:
    """Runs in the background while it is entered. `is_up` says whether the broker is there."""

    def __init__(
        self, folder: Path, host: str, port: int, topics: Sequence[str], on_message: OnMessage,
        on_state: OnState = lambda up, why: None, ca: Path | None = None,
    ) -> None:
        """`folder`: the client's own, by which the broker knows it. `on_message(topic, payload)` must not wait.

        `ca`: the authority's certificate where it does not lie in the folder.
        """
        self._tls = tls_of(folder, ca)
        self._name = folder.name
        self._where = (host, port)
        self._topics = tuple(topics)
        self._on_message = on_message
        self._on_state = on_state
        self._client: aiomqtt.Client | None = None
        self.task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self.is_up = False
        self.connections = 0
        self.why = ""  # it is not up

    async def __aenter__(self) -> BrokerLink:
        self.task = asyncio.create_task(self._keep())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.task is not None:
            self.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.task
            self.task = None

    async def until_up(self, timeout_s: float = ANSWER_S) -> None:
        """Wait for the broker; GatewayError with what to do where it does not answer in time."""
        try:
            async with asyncio.timeout(timeout_s):
                while not self.is_up:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            host, port = self._where
            raise GatewayError(f"no broker for {self._name} on {host}:{port} ({self.why or 'no answer'}); start it "
                               "('mosquitto -c SITE/broker/mosquitto.conf', or 'kvo ward SITE'), or name --host and "
                               "--port") from None  # fmt: skip

    async def publish(self, topic: str, payload: bytes) -> None:
        """Hand a message to the broker, which has it when this returns; GatewayError where it cannot be had."""
        client = self._client
        if client is None or not self.is_up:
            raise GatewayError(f"the broker is away ({self.why or 'not connected'}); ask again when it is back")
        try:
            await client.publish(topic, payload, qos=1, timeout=_ACK_S)
        except aiomqtt.MqttError as wrong:
            raise GatewayError(f"the broker took nothing ({wrong}); ask again") from None

    async def _keep(self) -> None:
        wait_s = FIRST_WAIT_S
        while True:
            before = self.connections
            try:
                await self._serve()
            except (aiomqtt.MqttError, OSError) as wrong:
                self._now(False, _first_line(wrong))
            finally:
                self._client = None
            # One that came up and broke is dialled again at once; one that does not come up is left alone longer.
            wait_s = FIRST_WAIT_S if self.connections != before else min(2 * wait_s, LAST_WAIT_S)
            await asyncio.sleep(wait_s)

    async def _serve(self) -> None:
        host, port = self._where
        client = aiomqtt.Client(
            host, port, identifier=f"kvo-{self._name}", tls_context=self._tls, keepalive=KEEP_ALIVE_S,
            protocol=aiomqtt.ProtocolVersion.V311, timeout=ANSWER_S, max_queued_incoming_messages=HELD,
        )  # fmt: skip
        async with client:
            for topic in self._topics:
                # QoS 0: a clean session has nothing to be redelivered, and what is sent once comes in order. At QoS 1
                # a broker that waits for acknowledgements lets the pumps' QoS 0 facts pass those that came before.
                await client.subscribe(topic, qos=0)
            self._client = client
            self.connections += 1
            self._now(True, "")
            async for message in client.messages:
                if not message.retain and isinstance(message.payload, bytes):
                    self._on_message(str(message.topic), message.payload)

    def _now(self, up: bool, why: str) -> None:
        changed = self.is_up != up or self.why != why
        self.is_up = up
        self.why = why
        self._changed.set()
        if changed:
            self._on_state(up, why)


def _first_line(wrong: BaseException) -> str:
    return (str(wrong) or type(wrong).__name__).splitlines()[0]
