"""The Python API on which the command line, tests and suites stand.

    async with Bench(programme="norepinephrine-8h", seed=7) as pump:
        await pump.until(pump.is_infusing)
        pump.network.cut()
        await pump.sleep(60)
        assert pump.trust == "offline" and pump.delivery == "infusing"

Time is virtual: it passes only while somebody awaits it, and every awaiting task sees each
tick. A task that has been woken acts before the next tick.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from firmware.therapy import alarms as al
from firmware.therapy import tables as t
from firmware.trust.credentials import Record
from simulator.adversary.awaited import answer_to, arguments_of, kind_of
from simulator.bench_people import Adversaries, Operator, Person, do, players
from simulator.devices.cards import SignCard
from simulator.files.programme import Programme, find_programme, load_programme
from simulator.names import ALARMS, LAMPS, MESSAGES
from simulator.runner import Recorder, RunResult
from simulator.scenario.signals import Moment
from simulator.scenario.stage import RAW, Player, Stage
from simulator.scenario.watch import Watch
from simulator.world import World

Condition = Callable[[], bool]
_DAY_S = 86_400


class VirtualTimeout(TimeoutError):
    """What was awaited did not come in its virtual time."""


class Network:
    """The network of the pump, and who speaks on it (by script, until there are real peers)."""

    def __init__(self, world: World) -> None:
        self._world = world

    def cut(self) -> None:
        """Take the carrier away."""
        self._world.disturb("link_down")

    def restore(self) -> None:
        """Give it back; authenticated traffic follows."""
        self._world.disturb("link_up")
        self._world.disturb("authentic")


class Faults:
    """Faults of the catalogue by `inject`, and the plant's disturbances as `faults.NAME(value)`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def inject(self, name: str, **parameters: int | str) -> None:
        """Let something break, now ('kvo faults list'). A whole number counts in the parameter's unit."""
        self._world.inject(name, **parameters)

    def clear(self, name: str) -> None:
        """Let it be whole again."""
        self._world.clear(name)

    @property
    def active(self) -> dict[str, dict[str, int | str]]:
        """The faults that last, with their parameters."""
        return self._world.faults.active

    def __getattr__(self, name: str) -> Callable[..., None]:
        def disturb(value: int = 0) -> None:
            self._world.disturb(name, value)

        return disturb


def _known(minutes: int) -> int | None:
    return minutes if minutes >= 0 else None


class Bench:
    """One pump on the bench. Enter it with `async with`; leave it and its home is ended."""

    def __init__(
        self,
        programme: str | Path | Programme,
        *,
        seed: int = 0,
        home: str = "cpython",
        near_wrap: bool = False,
        make_app: Callable[[Any], Any] | None = None,
        credentials: Record | None = None,
        person: tuple[int, str] | int | None = None,
        cards: Mapping[int, SignCard] | None = None,
        people: Mapping[str, str] | Iterable[Player] = (),
        network: str = RAW,
    ) -> None:
        """`programme`: a shipped name, a file, or one already loaded. FileProblem if it is bad.

        people: who has credentials on this pump and a terminal: {name: role}, or simulator.scenario.stage.Player; the
        first of them logs in and programmes it, and the pump judges what it hears. network: RAW, or MQTT by way of a
        broker. credentials, person, cards: of a provisioned pump without terminals, as World takes them.
        """
        loaded: Programme = programme if isinstance(programme, Programme) else load_programme(find_programme(programme))
        self.programme = loaded
        self._options: dict[str, Any] = {
            "seed": seed, "home": home, "near_wrap": near_wrap, "make_app": make_app, "keep_trace": True,
            "credentials": credentials, "person": person, "cards": cards,
        }  # fmt: skip
        self._stage = Stage(players(people, seed), seed, network)
        if self._stage.record is not None:
            first = next(iter(self._stage.people.values()))
            of_people = {"credentials": self._stage.record, "cards": self._stage.cards}
            self._options |= {"person": (first.number, first.pin), **of_people}
        self._result = RunResult(loaded.name, loaded.title, seed, home)
        self._waiters: list[tuple[Condition, asyncio.Future[bool], int]] = []
        self._woken: set[asyncio.Future[bool]] = set()  # time stands until these have acted

    async def __aenter__(self) -> Bench:
        self.world = World(self.programme, **self._options)
        self._recorder = Recorder(self.world, self._result)
        self._stage.enter(self.world)
        self._moment = Moment(self._stage, self._recorder)
        self.people = {name: Operator(self.world, self._stage, name, self.until) for name in self._stage.people}
        self.nurse = self.people.get("nurse") or Person(self.world)
        self.patient = Person(self.world)
        self.network = Network(self.world)
        self.adversary = Adversaries(self._stage, self.until)
        self.faults = Faults(self.world)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.world.close()

    # Signals.

    @property
    def now_s(self) -> float:
        """Virtual seconds since power-on."""
        return self.world.clock.ms / 1000

    @property
    def delivery(self) -> str:
        """Delivery state by name."""
        return t.DELIVERY_NAMES[self.world.status.delivery]

    @property
    def trust(self) -> str:
        """Trust state by name."""
        return t.TRUST_NAMES[self.world.status.trust]

    @property
    def operator(self) -> int:
        """Number of whoever is logged in at the bedside, 0 for nobody."""
        return self.world.status.operator

    @property
    def message(self) -> str:
        """The pump's last answer to a person."""
        return MESSAGES[self.world.status.message]

    @property
    def alarms(self) -> list[str]:
        """Names of the alarms that are shown."""
        status = self.world.status
        shown = [code for code in range(al.THERAPY_CODES) if status.therapy_alarms >> code & 1]
        shown += [al.TRUST_BASE + bit for bit in range(al.TRUST_CODES) if status.trust_alarms >> bit & 1]
        return [ALARMS[code] for code in shown]

    @property
    def rate_ml_h(self) -> float:
        """Rate asked of the motor."""
        return self.world.status.rate_ul_h / 1000

    @property
    def delivered_ml(self) -> float:
        """Volume that has reached the patient, by the plant."""
        return self.world.delivered_ul() / 1000

    @property
    def lamp(self) -> str:
        """Colour of the alarm lamp at this moment, or dark; it flashes."""
        return LAMPS[self.world.status.lamp]

    @property
    def tone_hz(self) -> int:
        """Note that sounds at this moment, 0 for none."""
        return self.world.status.tone_hz

    @property
    def battery_min(self) -> int | None:
        """Minutes left on the battery as the pump shows them; None on mains, or not known yet."""
        return _known(self.world.status.battery_min)

    @property
    def reservoir_min(self) -> int | None:
        """Minutes left in the syringe, or of the volume to infuse, as the pump shows them; None where not known."""
        return _known(self.world.status.reservoir_min)

    def signal(self, name: str) -> Watch:
        """A signal by its name in scenarios: `await pump.until(pump.signal("pressure") > 300, within_s=240)`."""
        return Watch(name, self._moment)

    def is_infusing(self) -> bool:
        """Whether therapy flows."""
        return self.world.status.delivery in (t.ST_INFUSING, t.ST_BOLUS)

    # People with terminals.

    async def ask(self, who: str, request: str, dose_milli: int | None = None) -> str:
        """Somebody asks from a terminal (titrate, pause, stop, status, log); what the pump says: OK, FORBIDDEN, …"""
        message = self._stage.ask(who, request, kind_of(request), arguments_of(dose_milli))
        return await answer_to(self._stage, message, self.until)

    def log_in(self, who: str) -> None:
        """Somebody enters number and PIN at the bedside; the pump takes some seconds to check them."""
        self._stage.log_in(who)

    def do(self, verb: str, **keys: Any) -> None:
        """Do what a scenario's verb does, now: `pump.do("forge", who="nurse", request="stop", flaw="no_mac")`."""
        do(self._stage, verb, **keys)

    # Time.

    async def sleep(self, seconds: float) -> None:
        """Let virtual seconds pass."""
        await self.until(lambda: False, within_s=seconds, or_fail=False)

    async def until(self, condition: Condition, within_s: float = _DAY_S, or_fail: bool = True) -> bool:
        """Let time pass until `condition()` holds after a tick.

        Returns whether it came; raises VirtualTimeout after `within_s` unless `or_fail` is
        False.
        """
        if condition():
            return True
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        deadline = self.world.clock.ms + round(within_s * 1000)
        self._waiters.append((condition, future, deadline))
        try:
            await asyncio.sleep(0)  # others reach their own awaits first
            while not future.done():
                if not self._woken:
                    self._turn_until_somebody_wakes()
                await asyncio.sleep(0)
        finally:
            self._woken.discard(future)
            future.cancel()
        if not future.result() and or_fail:
            raise VirtualTimeout(f"not within {within_s} virtual seconds; the pump is {self.delivery}, {self.trust}")
        return future.result()

    async def alarm(self, name: str, within_s: float = _DAY_S) -> None:
        """Wait for an alarm by its name."""
        if name not in ALARMS.values():
            raise ValueError(f"there is no alarm {name!r}; alarms: {', '.join(ALARMS.values())}")
        await self.until(lambda: name in self.alarms, within_s)

    def result(self) -> RunResult:
        """Close the books and return the run so far."""
        return self._recorder.finish()

    def _turn_until_somebody_wakes(self) -> None:
        world = self.world
        while self._waiters:
            self._waiters = [waiter for waiter in self._waiters if not waiter[1].done()]
            for condition, future, deadline in self._waiters:
                held = condition()
                if held or world.clock.ms >= deadline:
                    future.set_result(held)
                    self._woken.add(future)
            if self._woken:
                return
            self._stage.before()
            world.tick()
            self._stage.after()
            if world.clock.ms % 1000 == 0:
                self._recorder.second(world)
