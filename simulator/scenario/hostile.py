"""Verbs of whoever is on the network, on the path of facts, at the broker, the gateway or the radio."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from firmware.comms import packets as p
from simulator.adversary.shapes import SAYS as SHAPES
from simulator.files.models import Milliseconds, Rate, one_of
from simulator.files.yaml_source import Refusal
from simulator.scenario.actions import Action, Count, action
from simulator.scenario.requests import KINDS


@action
class SendMalformed(Action):
    """Sends bytes that parsers have fallen over."""

    verb = "send_malformed"
    shape: one_of(*SHAPES)  # type: ignore[valid-type]
    count: Count = 1

    def say(self) -> str:
        """Which."""
        return f"malformed ({self.shape.replace('_', ' ')}), {self.count} times"

    def act(self, stage: Any) -> None:
        """As often as asked."""
        for _ in range(self.count):
            stage.acting(self.power).send_malformed(self.shape)


@action
class Jam(Action):
    """Takes the carrier away for a time; every: again and again, for half of each such period."""

    verb = "jam"
    position = "rf-jam"
    for_: Milliseconds = Field(alias="for")
    every: Milliseconds = 0

    def say(self) -> str:
        """How long."""
        return f"the radio is jammed for {self.for_ / 60_000:g} min" + (", on and off" if self.every else "")

    def act(self, stage: Any) -> None:
        """From now on."""
        stage.acting(self.power).jam(self.for_, self.every)


@action
class Connect(Action):
    """Connects to the site's broker without a certificate of the site's."""

    verb = "connect_stranger"
    needs_people = True
    needs_broker = True

    def act(self, stage: Any) -> None:
        """Now."""
        stage.acting(self.power).connect()


@action
class StealClient(Action):
    """Connects to the broker under the pump's own id; where that is let in, the pump's connection ends."""

    verb = "steal_client"
    needs_people = True
    needs_broker = True

    def act(self, stage: Any) -> None:
        """Now."""
        if stage.acting(self.power).connect():
            stage.carrier.broker.hang_up()


@action
class PublishAcross(Action):
    """Publishes a request to this pump over another pump's own connection to the broker."""

    verb = "publish_across"
    position = "other-pump"
    needs_people = True
    needs_broker = True

    def act(self, stage: Any) -> None:
        """Now."""
        stage.acting(self.power).publish_across()


@action
class PoseAsBroker(Action):
    """Answers under the broker's name with a certificate of one's own, for a time."""

    verb = "pose_as_broker"
    position = "on-path"
    needs_people = True
    needs_broker = True
    for_: Milliseconds = Field(default=120_000, alias="for")

    def act(self, stage: Any) -> None:
        """From now on."""
        stage.acting(self.power).pose_as_broker(self.for_)


# What the ward is shown.


class _Facts(Action):
    position = "on-path"
    needs_people = True


@action
class TamperFacts(_Facts):
    """Holds, drops or changes what the pump says on its way to the ward, or its alarms alone, until released."""

    verb = "tamper_facts"
    how: one_of("hold", "drop", "drop_alarms", "change")  # type: ignore[valid-type]

    def say(self) -> str:
        """How."""
        return f"what the pump says to the ward: {self.how.replace('_', ' ')}"

    def act(self, stage: Any) -> None:
        """From now on."""
        adversary = stage.acting(self.power)
        getattr(adversary, self.how if self.how == "drop_alarms" else f"{self.how}_facts")()


@action
class ReleaseFacts(_Facts):
    """Lets what the pump says through again, first what was kept back."""

    verb = "release_facts"
    newest_first: bool = Field(default=False, description="the last one that was kept back arrives first")

    def act(self, stage: Any) -> None:
        """Now."""
        stage.acting(self.power).release_facts(self.newest_first)


@action
class ReplayFacts(_Facts):
    """Sends the ward the last facts of the pump again."""

    verb = "replay_facts"
    count: Annotated[int, Field(ge=1, le=64)] = 10

    def act(self, stage: Any) -> None:
        """Now."""
        stage.acting(self.power).replay_facts(self.count)


@action
class ForgeStatus(Action):
    """Shows the ward a status that the pump never gave, under the key by which facts are verified."""

    verb = "forge_status"
    position = "compromised-gateway"
    needs_people = True
    rate: Rate

    def say(self) -> str:
        """What."""
        return f"the ward is shown {self.rate / 1000:g} mL/h"

    def act(self, stage: Any) -> None:
        """Now."""
        stage.acting(self.power).forge_status(rate_ul_h=self.rate)


@action
class HideAlarms(Action):
    """Shows the ward a pump without alarms from now on, under the key by which facts are verified."""

    verb = "hide_alarms"
    position = "compromised-gateway"
    needs_people = True

    def act(self, stage: Any) -> None:
        """From now on."""
        stage.acting(self.power).forge_silence()


@action
class TellTime(Action):
    """Has the site tell the pump a time that is ahead, or back, by so much."""

    verb = "tell_time"
    position = "compromised-gateway"
    needs_people = True
    ahead: Milliseconds = 0
    back: Milliseconds = 0

    def check(self, people: Any) -> None:
        """One of the two."""
        super().check(people)
        if (self.ahead > 0) == (self.back > 0):
            raise Refusal("the time is told ahead or back", "write one of 'ahead' and 'back'", "do")

    def say(self) -> str:
        """How far off."""
        way = "ahead" if self.ahead else "back"
        return f"the pump is told a time {(self.ahead or self.back) / 3_600_000:g} h {way}"

    def act(self, stage: Any) -> None:
        """Now."""
        stage.acting(self.power).tell_time((self.ahead - self.back) // 1000)


# At the broker.


class _Broker(Action):
    position = "malicious-broker"
    needs_people = True
    needs_broker = True


@action
class Retain(_Broker):
    """Keeps the last request of a kind as a retained message, and ends the pump's connection so that it subscribes."""

    verb = "retain_request"
    request: one_of(*KINDS, "any") = "any"  # type: ignore[valid-type]

    def act(self, stage: Any) -> None:
        """Now."""
        broker = stage.acting(self.power)
        broker.retain(broker.capture(self.request))
        broker.restart()


@action
class BreakConnection(_Broker):
    """Lets another client have the pump's id, so often: the pump's own connection ends, and nobody is told."""

    verb = "take_over_client"
    times: Count = 1
    every: Milliseconds = 1_000

    def say(self) -> str:
        """How often."""
        return f"another client takes the pump's id, {self.times} times"

    def act(self, stage: Any) -> None:
        """From now on."""
        stage.acting(self.power).take_over(self.times, self.every)


@action
class FloodTopics(_Broker):
    """Publishes on topics that the pump did not ask for, $-topics among them."""

    verb = "flood_topics"
    count: Count = 100
    size: Annotated[int, Field(ge=1, le=1024)] = 64

    def act(self, stage: Any) -> None:
        """All at once."""
        stage.acting(self.power).flood_topics(self.count, self.size)


@action
class SayGone(_Broker):
    """Gives out the pump's will, so that the ward hears that it is gone."""

    verb = "say_gone"

    def act(self, stage: Any) -> None:
        """Now."""
        stage.acting(self.power).say_gone()


_PACKETS = {
    "second_connack": (p.CONNACK, b"\x00\x00"), "unasked_ping": (p.PINGRESP, b""),
    "qos_3": (0x36, b"\x00\x01a\x00\x01"),
    "no_topic": (p.PUBLISH, b"\xff\xff"), "unasked_puback": (p.PUBACK, b"\x00\x07"), "reserved": (0xF0, b"\x00"),
}  # fmt: skip


@action
class BrokerPacket(_Broker):
    """Sends the pump's MQTT client a packet that a broker may not send."""

    verb = "broker_packet"
    packet: one_of(*_PACKETS)  # type: ignore[valid-type]

    def say(self) -> str:
        """Which."""
        return f"the broker breaks the protocol: {self.packet.replace('_', ' ')}"

    def act(self, stage: Any) -> None:
        """Now."""
        stage.acting(self.power).send_packet(*_PACKETS[self.packet])
