"""Controls at the bedside: who stands there, and what a person has to see and confirm before a dose changes."""

from __future__ import annotations

from typing import Any

from firmware.therapy import messages as msg
from firmware.therapy import tables as t
from firmware.therapy.controller import Controller
from firmware.therapy.glass import Glass
from firmware.therapy.mailbox import ASKED_STOP
from firmware.therapy.prepared import Prepared
from firmware.therapy.remote import Remote
from firmware.trust.bedside import Bedside, Tries
from firmware.trust.card import Desk
from firmware.trust.roles import may_treat
from hal.ports import RF_KEY_SWITCH
from simulator.attack.controls.base import Control, Standin, answers
from simulator.attack.controls.requests import SAME_PERSON

_BEDSIDE = "firmware/trust/bedside.py"
_PREPARED = "firmware/therapy/prepared.py"


class _TakesAtOnce(Remote):
    """What is asked for from afar is done. What waits for a second person is done once that one has agreed."""

    __slots__ = ()

    def titrate(self, dose_milli: int) -> int:
        message = int(super().titrate(dose_milli))
        if message in (msg.NONE, msg.CONFIRM_SOFT):
            self._take()
        return message

    def release(self) -> int:
        message = int(super().release())
        self._take()
        return message

    def _take(self) -> None:
        programming = self._programming
        dose_milli = programming.prepared.titrate_milli
        if dose_milli < 0 or programming.prepared.held:
            return
        if programming._offer(dose_milli) == msg.CONFIRM_SOFT:
            programming._offer(dose_milli)
        programming._drop_titration()


class _SpyRemote(Remote):
    __slots__ = ()
    spied: set[str]

    def titrate(self, dose_milli: int) -> int:
        return self._seen(int(super().titrate(dose_milli)))

    def release(self) -> int:
        return self._seen(int(super().release()))

    def ring(self, stop: bool) -> int:
        return self._seen(int(super().ring(stop)))

    def _seen(self, message: int) -> int:
        if message in (msg.NONE, msg.CONFIRM_SOFT):
            self.spied.add("bedside-confirmation")
        return message


class _StopsWhenAsked(Controller):
    """A stop or a pause that is asked for is one."""

    def _tick(self, now_ms: int, r: Any, drive: Any) -> None:
        asked = self.mailbox.asked
        if asked:
            self._event(t.EV_STOP if asked & ASKED_STOP else t.EV_PAUSE, r)
            self._grant.withdraw()
        super()._tick(now_ms, r, drive)


class _NoSecond(Prepared):
    """Nothing is held for a second person."""

    __slots__ = ()

    def entries(self, held: bool, now_ms: int) -> None:
        super().entries(False, now_ms)

    def titration(self, dose_milli: int, rx: Any, held: bool, now_ms: int) -> None:
        super().titration(dose_milli, rx, False, now_ms)


class _SpySecond(Prepared):
    __slots__ = ()
    spied: set[str]

    def entries(self, held: bool, now_ms: int) -> None:
        self._note(held)
        super().entries(held, now_ms)

    def titration(self, dose_milli: int, rx: Any, held: bool, now_ms: int) -> None:
        self._note(held)
        super().titration(dose_milli, rx, held, now_ms)

    def _note(self, held: bool) -> None:
        if held:
            self.spied.add("two-person")


class _NobodyAsked(Remote):
    """A person at the bedside need not say who they are."""

    __slots__ = ()

    def lock(self) -> None:
        pass


class _SpyLogin(Controller):
    spied: set[str]

    def may_enter(self) -> bool:
        may = bool(super().may_enter())
        if not may:  # nobody has logged in, or not for three minutes
            self.spied.update(("login", "idle-logout"))
        return may


class _AnyPin(Bedside):
    """Any digits will do for somebody that there is."""

    __slots__ = ()

    def _settle(self, now_s: int) -> int:
        if self._who is None:
            return int(super()._settle(now_s))
        self._tried, who = self._number, self._who
        self._work = self._who = None
        return int(self._admit(self._number, who))


class _SpyPin(Bedside):
    __slots__ = ()
    spied: set[str]

    def _settle(self, now_s: int) -> int:
        found = int(super()._settle(now_s))
        if found < 0:
            self.spied.add("pin")
        return found


class _AnyRole(Bedside):
    """Whoever proves to be somebody may treat."""

    __slots__ = ()

    def _admit(self, number: int, who: Any) -> int:
        self.person = number
        self._remote.admit(number)
        self._remote.say(msg.WELCOME)
        return 1


class _SpyRole(Bedside):
    __slots__ = ()
    spied: set[str]

    def _admit(self, number: int, who: Any) -> int:
        if not may_treat(who.role):
            self.spied.add("bedside-role")
        return int(super()._admit(number, who))


class _NeverWaits(Tries):
    """Wrong tries cost no time."""

    __slots__ = ()

    def waits(self, number: int, now_s: int) -> bool:
        return False


class _SpyWaits(Tries):
    __slots__ = ()
    spied: set[str]

    def waits(self, number: int, now_s: int) -> bool:
        waits = bool(super().waits(number, now_s))
        if waits:
            self.spied.add("back-off")
        return waits


class _StaysLoggedIn(Bedside):
    """Whoever has logged in stays so, however long no key is pressed."""

    __slots__ = ()

    def look(self, readings: Any, now_s: int) -> int:
        self._seen_s = now_s
        return int(super().look(readings, now_s))


class _AnyCard(Desk):
    """Whatever a card answers is right for whom it says that it is."""

    __slots__ = ()

    def _settle(self, who: Any, now_s: int) -> int:
        return int(super()._settle(who or self._who(), now_s))


class _SpyCard(Desk):
    __slots__ = ()
    spied: set[str]

    def _settle(self, who: Any, now_s: int) -> int:
        if who is None:
            self.spied.add("card-signature")
        return int(super()._settle(who, now_s))


class _NoKey(Glass):
    """The glass breaks at a press, without the key switch and without a reason."""

    __slots__ = ()

    def press(self, trust: int, flags: int) -> int:
        self.failed = True
        return int(super().press(trust, flags | RF_KEY_SWITCH))

    def tick(self, elapsed: int, trust: int, flags: int) -> int:
        return int(super().tick(elapsed, trust, flags | RF_KEY_SWITCH))


class _SpyKey(Glass):
    __slots__ = ()
    spied: set[str]

    def press(self, trust: int, flags: int) -> int:
        message = int(super().press(trust, flags))
        if message in (msg.STATE, msg.KEY_NEEDED):
            self.spied.add("break-glass-rules")
        return message


CONTROLS = (
    Control(
        "two-person", "person", "What passes a soft limit waits until a second person has agreed to that very request.",
        "One person is enough, and may be both.", "firmware/trust/approvals.py",
        (SAME_PERSON, Standin("prepared", _NoSecond, _SpySecond)),
    ),
    Control(
        "bedside-confirmation", "bedside", "What is asked for from afar changes nothing until a person at the bedside "
        "confirms it; a stop or a pause that is asked for rings.", "What is asked for from afar is done.",
        "firmware/therapy/remote.py",
        (Standin("remote", _TakesAtOnce, _SpyRemote), Standin("controller", _StopsWhenAsked, None)),
    ),
    Control(
        "shown-first", "bedside", "A confirm counts only once what it confirms has been shown for a second.",
        "A confirm that was meant for something else takes what has just come.", _PREPARED,
        (answers("shown-first", "prepared", Prepared, "is_seen", True),),
    ),
    Control(
        "offer-ends", "bedside", "What was asked for from afar and nobody took up is over after two minutes.",
        "It waits for ever.", _PREPARED, (answers("offer-ends", "prepared", Prepared, "is_over", False),),
    ),
    Control(
        "login", "person", "At the bedside, what raises a dose takes somebody who has logged in.",
        "Whoever stands there may raise a dose.", "firmware/therapy/controller.py",
        (Standin("remote", _NobodyAsked, None), Standin("controller", Controller, _SpyLogin)),
    ),
    Control(
        "pin", "person", "A number logs in with its PIN alone (PBKDF2).", "Any PIN is right.", _BEDSIDE,
        (Standin("bedside", _AnyPin, _SpyPin),),
    ),
    Control(
        "bedside-role", "person", "Only roles that treat may log in at the bedside.",
        "Whoever has a PIN may treat.", _BEDSIDE, (Standin("bedside", _AnyRole, _SpyRole),),
    ),
    Control(
        "back-off", "person", "After three wrong PINs or cards one waits, each time twice as long; Stop never waits.",
        "One may guess as fast as one types.", _BEDSIDE,
        (Standin("tries", _NeverWaits, _SpyWaits), Standin("card tries", _NeverWaits, _SpyWaits)),
    ),
    Control(
        "idle-logout", "person", "Three minutes without a key log out.", "Whoever has logged in stays so.", _BEDSIDE,
        (Standin("bedside", _StaysLoggedIn, None), Standin("controller", Controller, _SpyLogin)),
    ),
    Control(
        "card-signature", "person", "A card signs a question that never comes twice (ECDSA, P-256).",
        "A card is who it says.", "firmware/trust/card.py", (Standin("desk", _AnyCard, _SpyCard),),
    ),
    Control(
        "break-glass-rules", "person", "The glass breaks for a reason alone, with the key switch, a number and three "
        "seconds.", "It breaks at a press, and tells of it.", "firmware/therapy/glass.py",
        (Standin("glass", _NoKey, _SpyKey),),
    ),
)  # fmt: skip
