"""Whoever can send bytes, and whoever sits on the path between terminals, ward and pump."""

from __future__ import annotations

from typing import Any

from simulator.adversary.base import ACCESS, STRIKE, Adversary, PowerLacking
from simulator.adversary.forger import Forger, power_of
from simulator.adversary.shapes import SHAPES
from simulator.scenario.wire import DROP, HOLD, PASS, Passed

CAPTURED = "capture"


class Network(Adversary):
    """Sends bytes to the pump."""

    position = "network"
    says = "whoever can send bytes to the pump, and no more"

    def send(self, data: bytes) -> None:
        """Send bytes as they are, past any framing."""
        self._strike()
        self._stage.carrier.raw(data)

    def send_message(self, message: bytes) -> None:
        """Send a message, framed as comms frames it."""
        self._strike()
        self._stage.wire.attack(message)

    def send_malformed(self, shape: str) -> None:
        """Send one of shapes.SHAPES."""
        self.send(SHAPES[shape](self._stage.random))

    def flood(self, messages: int, size: int, for_ms: int) -> None:
        """Send messages of random bytes, evenly over a time."""
        stage = self._stage
        begun = stage.now_ms
        sent = 0

        def step() -> bool:
            nonlocal sent
            passed = min(stage.now_ms - begun + 100, for_ms)
            due = messages * passed // max(for_ms, 1)
            for _ in range(due - sent):
                data = stage.random.randbytes(size)
                stage.carrier.raw(len(data).to_bytes(2, "big") + data)
            sent = due
            return sent < messages

        self._strike()
        stage.each_tick(step)

    def connect(self) -> bool:
        """Connect to the broker without a certificate of the site's; whether it was let in."""
        return self._try("client-certificate")

    def _try(self, control: str) -> bool:
        """Be let in where a control of the site is lacking; count it where it is."""
        self._strike()
        let_in = self._stage.lacks(control)
        self._stage.let_in += let_in
        self.judged(let_in)
        return let_in

    def forge(self, who: str, kind: int, arguments: dict[int, Any], flaw: str) -> bytes:
        """Send a request in somebody's name with one flaw of forger.FLAWS; returns it. Each flaw has its position."""
        from simulator.adversary.positions import may

        if not may((self.position,), power_of(flaw)):
            raise PowerLacking(f"{self.position} cannot forge with the flaw {flaw}; it takes {power_of(flaw)}")
        message: bytes = getattr(Forger(self._stage, who, kind, arguments), flaw)()
        self.send_message(message)
        return message

    def _strike(self) -> None:
        self._reach(ACCESS)
        self._reach(STRIKE)


class OnPath(Network):
    """Sees what passes, both ways, and lets it pass or not."""

    position = "on-path"
    says = "sees, holds, drops, doubles and repeats what passes between terminals, ward and pump, and sends"
    between = (CAPTURED,)

    def capture(self, what: str = "any") -> Passed | None:
        """The last request of a kind (titrate, pause, …) that passed, None where none has."""
        seen: list[Passed] = [
            one for one in self._stage.wire.seen if what == one.what or (what == "any" and one.what != "time")
        ]
        self._reach(ACCESS)
        if seen:
            self._reach(CAPTURED)
        return seen[-1] if seen else None

    def replay(self, captured: Passed) -> None:
        """Send again what was captured, bit for bit."""
        self.send_message(captured.message)

    def hold(self) -> None:
        """Keep back what people ask for, until it is released."""
        self._take_path(HOLD)

    def drop(self) -> None:
        """Let nothing through that people ask for."""
        self._take_path(DROP)

    def delay(self, by_ms: int) -> None:
        """Let what people ask for through, each so much later."""
        self._take_path(PASS)
        self._stage.wire.delay_ms = by_ms

    def duplicate(self, times: int) -> None:
        """Let what people ask for through, each so many times."""
        self._take_path(PASS)
        self._stage.wire.copies = times

    def release(self, newest_first: bool = False) -> None:
        """Let everything through again, first what was kept back."""
        self._strike()
        self._stage.wire.pass_all()
        self._stage.wire.release(newest_first)

    def hold_facts(self) -> None:
        """Keep back what the pump says."""
        self._take_facts(HOLD)

    def drop_facts(self) -> None:
        """Let nothing through that the pump says."""
        self._take_facts(DROP)

    def drop_alarms(self) -> None:
        """Let through what the pump says, but its alarms."""
        self._take_facts("drop alarms")

    def release_facts(self, newest_first: bool = False) -> None:
        """Let what the pump says through again, first what was kept back."""
        self._strike()
        self._stage.ward.release(newest_first)

    def replay_facts(self, count: int) -> None:
        """Send the ward the last `count` facts again."""
        self._strike()
        self._stage.ward.repeat(count)

    def change_facts(self) -> None:
        """Change a byte in each fact from now on."""
        self._take_facts("change")

    def pose_as_broker(self, for_ms: int) -> None:
        """Answer under the broker's name with a certificate of one's own, for a time: `network: mqtt` alone."""
        stage = self._stage
        if self._try("server-certificate"):
            stage.wire.mode = DROP
            return
        stage.carrier.posed = True  # the pump dials, and hangs up
        begun = stage.now_ms

        def step() -> bool:
            stage.carrier.posed = stage.now_ms - begun < for_ms
            return bool(stage.carrier.posed)

        stage.each_tick(step)

    def _take_path(self, mode: str) -> None:
        self._reach(ACCESS)
        self._reach(STRIKE)
        self._stage.wire.mode = mode

    def _take_facts(self, mode: str) -> None:
        self._reach(ACCESS)
        self._reach(STRIKE)
        self._stage.ward.mode = mode


class StolenShiftKey(Network):
    """Malware on a tablet."""

    position = "stolen-shift-key"
    says = "has a key that an operator's terminal got for this pump, and sends: malware on a tablet"


class OtherPump(Network):
    """Has opened another pump."""

    position = "other-pump"
    says = "has read another pump's key and certificate out of its flash, and sends"

    def publish_across(self) -> bool:
        """Publish a request to this pump over the other pump's connection; whether the broker let it."""
        return self._try("broker-acl")


class CompromisedGateway(Network):
    """The gateway machine in somebody's hands."""

    position = "compromised-gateway"
    says = "valid TLS, the keys by which facts are verified, and the clock by which the site tells the time"
    between = ("the keys for facts",)

    def forge_status(self, **said: int) -> None:
        """Tell the ward a status that the pump never gave: rate_ul_h, delivered_ul, delivery, trust; else the last."""
        self._strike()
        self._stage.ward.forge_status(said)

    def forge_silence(self) -> None:
        """Tell the ward that no alarm is shown, from now on, whatever the pump says."""
        self._strike()
        self._stage.ward.mode = "calm"

    def tell_time(self, shift_s: int) -> None:
        """Have the site tell the pump a time that is off by so many seconds."""
        self._strike()
        self._stage.tell_time(shift_s, hostile=True)

    def drop(self) -> None:
        """Let nothing through that people ask for: it passes by the gateway."""
        self._strike()
        self._stage.wire.mode = DROP

    def release(self) -> None:
        """Let requests through again."""
        self._strike()
        self._stage.wire.pass_all()
