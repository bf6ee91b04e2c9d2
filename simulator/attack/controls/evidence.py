"""Controls that notice, tell and contain: what the pump finds out about itself, and what the site believes of it."""

from __future__ import annotations

from firmware.therapy.mailbox import Mailbox
from firmware.therapy.resume import Past
from firmware.therapy.tables import EV_COMPROMISED, TR_ISOLATED
from firmware.trust.countwatch import CountWatch
from firmware.trust.credentials import Credentials
from firmware.trust.gatekeeper import Gatekeeper
from firmware.trust.noting import Allowance, Noting
from firmware.trust.roles import Roles
from firmware.trust.verdict import Tally
from simulator.attack.controls.base import Control, Standin, answers

# So many more records wear no store.
_FEW = 8


class _NothingIsHostile(Tally):
    """Counts, and is never suspicious."""

    __slots__ = ()

    def add(self, code: int, now_s: int) -> bool:
        super().add(code, now_s)
        return False


class _SpyTally(Tally):
    __slots__ = ()
    spied: set[str]

    def add(self, code: int, now_s: int) -> bool:
        hostile = bool(super().add(code, now_s))
        if hostile:
            self.spied.add("suspicion")
        return hostile


class _NotesAll(Allowance):
    """Everything is noted, however often it comes."""

    __slots__ = ()

    def take(self, now_s: int) -> bool:
        return True


class _NotesEach(Tally):
    """Each refusal is worth a note of its own."""

    __slots__ = ()

    def notable(self, code: int, now_s: int) -> int:
        super().notable(code, now_s)
        return 1


class _SpyNotes(Tally):
    __slots__ = ()
    spied: set[str]

    def notable(self, code: int, now_s: int) -> int:
        times = int(super().notable(code, now_s))
        if not times and self.counts[code] > _FEW:
            self.spied.add("audit-allowance")
        return times


class _Unmoved(Mailbox):
    """Evidence of compromise changes nothing."""

    __slots__ = ()

    def post(self, event: int) -> bool:
        return event == EV_COMPROMISED or bool(super().post(event))

    def take(self) -> int:
        self.waiting &= ~(1 << EV_COMPROMISED)
        return int(super().take())


class _SpyMailbox(Mailbox):
    __slots__ = ()
    spied: set[str]

    def post(self, event: int) -> bool:
        if event == EV_COMPROMISED:
            self.spied.add("isolation")
        return bool(super().post(event))


class _StillSpeaks(Gatekeeper):
    """Isolated, it keeps its keys and its session."""

    def _shut(self) -> None:
        pass


class _SpyShut(Gatekeeper):
    spied: set[str]

    def _shut(self) -> None:
        self.spied.add("link-off")
        super()._shut()


class _StillHears(Roles):
    """And hears whoever has a key."""

    __slots__ = ()

    def is_heard(self, kind: int, trust: int) -> bool:
        return trust >= TR_ISOLATED or bool(super().is_heard(kind, trust))


CONTROLS = (
    Control(
        "suspicion", "evidence", "Hostile traffic is an episode: the pump says so, and is suspicious for ten minutes.",
        "Refusals are refusals, and nobody is told.", "firmware/trust/verdict.py",
        (Standin("tally", _NothingIsHostile, _SpyTally),),
    ),
    Control(
        "audit-allowance", "evidence", "What somebody afar can bring about again and again is noted with an allowance.",
        "Each refusal is a record: a flood wears the store and pushes out what was noted.", "firmware/trust/noting.py",
        (Standin("tally", _NotesEach, _SpyNotes), Standin("allowance", _NotesAll, None)),
    ),
    Control(
        "audit-chain", "evidence", "The audit is a hash chain under a key that each record replaces; one that was "
        "changed is found.", "Records stand as they are written, and nobody looks.", "firmware/trust/audit_check.py",
        (answers("audit-chain", "audit", Noting, "holds", True),),
    ),
    Control(
        "record-check", "evidence", "The credential record in use is held against the store each ten seconds.",
        "What was read at boot is not looked at again.", "firmware/trust/credentials.py",
        (answers("record-check", "credentials", Credentials, "check", True),),
    ),
    Control(
        "counter-binding", "evidence", "Journal and secure counter bear each other out: a store or a counter that was "
        "put back is found.", "What the store holds is the newest that there is.", "firmware/therapy/resume.py",
        (
            answers("counter-binding", "past", Past, "store_went_back", False),
            answers("counter-binding", "count", CountWatch, "fell", False),
        ),
    ),
    Control(
        "isolation", "evidence", "Evidence that the security layer is compromised isolates the pump, and tells.",
        "It goes on as if nothing had been found.", "firmware/therapy/tables.py",
        (Standin("mailbox", _Unmoved, _SpyMailbox),),
    ),
    Control(
        "link-off", "evidence", "Isolated, the pump has forgotten its session's keys, and hears nobody.",
        "It goes on hearing whoever has a key.", "firmware/trust/gatekeeper.py",
        (Standin("gatekeeper", _StillSpeaks, _SpyShut), Standin("roles", _StillHears, None)),
    ),
    Control(
        "fact-mac", "evidence", "What the pump says carries a MAC of its own; the site believes nothing else.",
        "The site believes whatever comes in the pump's name.", "firmware/trust/facts.py", at_site=True,
    ),
    Control(
        "fact-counter", "evidence", "Facts are numbered: the site takes none twice, and alarms at a gap or silence.",
        "A fact that is missing, or an old one, is not noticed.", "firmware/trust/facts.py", at_site=True,
    ),
)  # fmt: skip
