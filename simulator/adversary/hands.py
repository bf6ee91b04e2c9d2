"""Hands at the bedside: without credentials, or with a colleague's card and PIN."""

from __future__ import annotations

from hal.ports import FIELD_TITRATE_MILLI, KEY_CONFIRM, KEY_FIELD
from simulator.adversary.base import ACCESS, STRIKE, Adversary
from simulator.files.timeline import KEYS
from simulator.trust_client import login_keys


class Bedside(Adversary):
    """Somebody who stands at the pump and belongs to nobody."""

    position = "bedside"
    says = "presses keys, turns the key switch, takes line, syringe and mains plug in hand; knows nobody's PIN"

    def press(self, key: str) -> None:
        """Press a key by its name in timelines."""
        self.press_code(KEYS[key])

    def press_code(self, key: int) -> None:
        """Press a key (hal.ports.KEY_*)."""
        self._strike()
        self._stage.world.press(key)

    def enter(self, field: int, value: int) -> None:
        """Enter an integer into a field (hal.ports.FIELD_*)."""
        self._strike()
        self._stage.world.press(KEY_FIELD + field, value)

    def titrate(self, dose_milli: int, confirms: int = 1) -> None:
        """Enter another dose rate, in thousandths of its unit, and confirm it so often."""
        self.enter(FIELD_TITRATE_MILLI, dose_milli)
        for _ in range(confirms):
            self._stage.world.press(KEY_CONFIRM)

    def guess_pin(self, number: int, tries: int, every_ms: int) -> None:
        """Try PINs for somebody's number, one after another, never the right one."""
        stage = self._stage
        right = {one.number: one.pin for one in stage.people.values()}.get(number)
        left, due_ms = tries, stage.now_ms

        def step() -> bool:
            nonlocal left, due_ms
            if stage.now_ms >= due_ms:
                pin = f"{stage.random.randrange(10_000):04}"
                while pin == right:
                    pin = f"{stage.random.randrange(10_000):04}"
                for key, value in login_keys(number, pin):
                    stage.world.press(key, value)
                left -= 1
                due_ms += every_ms
            return left > 0

        self._strike()
        stage.each_tick(step)

    def cut_power(self, off_ms: int) -> None:
        """Take all power away for so long, the battery's too."""
        self._strike()
        self._stage.world.power_cut(off_ms)

    def lay_tag(self, number: int) -> None:
        """Lay a tag on the reader that says it is somebody's card and holds another key."""
        self._strike()
        self._stage.lay_forged_card(number)

    def _strike(self) -> None:
        self._reach(ACCESS)
        self._reach(STRIKE)


class Insider(Bedside):
    """Somebody who belongs, or has taken what somebody who belongs carries."""

    position = "insider"
    says = "all of the bedside's, with somebody's card, or a PIN that was looked over the shoulder"

    def log_in(self, who: str) -> None:
        """Enter somebody's number and PIN."""
        self._strike()
        self._stage.log_in(who)

    def lay_card(self, who: str) -> None:
        """Lay somebody's card on the reader."""
        self._strike()
        self._stage.world.lay_card(self._stage.people[who].number)

    def take_card(self) -> None:
        """Take it away."""
        self._stage.world.lay_card(0)
