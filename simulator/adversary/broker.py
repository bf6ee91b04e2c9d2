"""A broker that lies: all that the path can do, and what MQTT gives it besides."""

from __future__ import annotations

from typing import Any

from simulator.adversary.base import ACCESS, STRIKE, PowerLacking
from simulator.adversary.network import CAPTURED, OnPath
from simulator.scenario.wire import Passed


class MaliciousBroker(OnPath):
    """Keeps, invents and repeats what clients publish. Takes a scenario with `network: mqtt`."""

    position = "malicious-broker"
    says = "all of the path's, and whatever a broker may say: retained messages, wills, other topics, any packet"
    between = (CAPTURED,)

    def retain(self, captured: Passed | None) -> None:
        """Keep a request as a retained message, for each time that the pump subscribes; None: no more."""
        self._strike()
        carrier = self._mqtt()
        carrier.broker.retained.clear()
        if captured is not None:
            carrier.broker.retained[carrier.topics.request] = captured.message

    def restart(self) -> None:
        """End the pump's connection, as a broker does that starts anew; the will goes out."""
        self._reach(ACCESS)
        self._mqtt().broker.hang_up()

    def take_over(self, times: int, every_ms: int) -> None:
        """Let another client have the pump's id, again and again: each time the pump's own connection ends, unsaid."""
        stage = self._stage
        left = times
        due_ms = stage.now_ms

        def step() -> bool:
            nonlocal left, due_ms
            if stage.now_ms >= due_ms:
                self._mqtt().broker.hang_up(will=False)
                left -= 1
                due_ms += every_ms
            return left > 0

        self._strike()
        stage.each_tick(step)

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """Publish to the pump on any topic, $-topics too."""
        self._strike()
        self._mqtt().broker.publish(topic.encode(), payload, retain)

    def flood_topics(self, count: int, size: int) -> None:
        """Publish on so many topics that the pump did not ask for, $-topics among them."""
        random = self._stage.random
        for number in range(count):
            topic = f"$SYS/broker/{number}" if number % 2 else f"kvo/{random.randbytes(8).hex()}/request"
            self.publish(topic, random.randbytes(size))

    def say_gone(self) -> None:
        """Give out the pump's will while it is there."""
        self._reach(ACCESS)
        self._reach(STRIKE)
        self._stage.ward.will()

    def send_packet(self, head: int, body: bytes) -> None:
        """Any packet of MQTT to the pump."""
        self._strike()
        self._mqtt().broker.put(head, body)

    def _mqtt(self) -> Any:
        carrier = self._stage.carrier
        if not hasattr(carrier, "broker"):
            raise PowerLacking("there is no broker here: the scenario has no 'network: mqtt'")
        return carrier
