"""What is tried at the card reader of a pump that is not the right card's answer, each with what must be said to it.

Written from docs/requests.md by hand. A case acts on a Rig: a pump with keys, a reader and people with cards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from firmware.therapy import messages as msg
from firmware.trust import roles as r
from firmware.trust.card import question
from firmware.trust.gatekeeper import Gatekeeper
from simulator.asked import BIOMED, NURSE, PHYSICIAN, AskedPump, board_of, people
from simulator.devices.cards import Reader, SignCard, card_of
from simulator.files.programme import find_programme, load_programme
from simulator.trust_client import make_record
from simulator.world import World

REVOKED = 66
CARDLESS = 67  # in the record, by PIN alone
STRANGER = 4711  # in no record
# The longest a card's answer is checked for: five seconds and a half.
CHECKED_MS = 7_000
ASKED_MS = 800  # by then it has answered, and the check goes on
_PROGRAMME = "norepinephrine-8h"
Make = Callable[[Any], Any]


def cards() -> dict[int, SignCard]:
    """Everybody's card, also of those who should have none any more."""
    return {number: card_of(1, number) for number in (NURSE, PHYSICIAN, BIOMED, REVOKED, CARDLESS, STRANGER)}


def record(seed: int = 1) -> Any:
    """The record of pump `seed`; each pump of a site knows the same people."""
    known = people() | {REVOKED: (r.NURSE, "8080"), CARDLESS: (r.NURSE, "9090")}
    public = {number: card.public for number, card in cards().items() if number in known and number != CARDLESS}
    return make_record(seed, known, revoked=(REVOKED,), cards=public)


class Rig:
    """An ideal pump whose cards are laid by hand."""

    def __init__(self, make: Make = Gatekeeper, seed: int = 1, library: bytes = b"") -> None:
        board: Any = board_of(record(seed), library)
        board.identity = Reader(board.clock)
        self.pump = AskedPump(record(seed), board=board, make_gatekeeper=make)
        self.board = board
        self.cards = cards()
        self.let_in: set[int] = set()  # who has been logged in since it was cleared
        self.make = make

    @property
    def reader(self) -> Reader:
        """Where cards are laid."""
        reader: Reader = self.board.identity
        return reader

    @property
    def status(self) -> Any:
        """What the pump shows."""
        return self.pump.status

    def run(self, ms: int) -> None:
        """Let time pass."""
        for _ in range(ms // 100):
            self.pass_a_turn()
            self.let_in |= {self.status.operator} - {0}

    def pass_a_turn(self) -> None:
        """One tenth of a second."""
        self.pump.tick()

    def reboot(self) -> None:
        """The watchdog resets the pump."""
        self.reader.reset()
        self.pump.reboot()

    def revoke(self, number: int) -> None:
        """The key service takes somebody's rights away."""
        self.pump.ask(self.pump.service, r.KIND_REVOKE, {1: number})

    def lay(self, number: int) -> None:
        """Lay a card; 0: take it away."""
        self.reader.lay(self.cards[number] if number else None)

    def close(self) -> None:
        """Nothing to end."""


class WorldRig(Rig):
    """A whole pump in a home."""

    def __init__(self, home: str) -> None:
        self.world = World(load_programme(find_programme(_PROGRAMME)), home=home, credentials=record())
        self.board = self.world.board
        self.cards = cards()
        self.let_in = set()
        self.run(6_000)

    @property
    def status(self) -> Any:
        return self.world.status

    def pass_a_turn(self) -> None:
        self.world.tick()

    def reboot(self) -> None:
        self.world.watchdog_reset()
        self.run(4_000)

    def close(self) -> None:
        self.world.close()


@dataclass(frozen=True)
class Case:
    """`act(rig)` tries it; nobody may have been let in by it, and `says` is shown in the end.

    in_home: it needs nothing but the reader, so that it can be tried on a whole pump in any home.
    """

    name: str
    says: int
    act: Callable[[Rig], None]
    in_home: bool = True


def _laid(number: int, says: Callable[[bytes], bytes] | None = None) -> Callable[[Rig], None]:
    """A card is laid down, and `says` is what the pump is told in place of its answer."""

    def act(rig: Rig) -> None:
        rig.reader.says = says
        rig.lay(number)
        rig.run(CHECKED_MS)

    return act


def _named(number: int) -> Callable[[bytes], bytes]:
    return lambda answer: number.to_bytes(4, "big") + answer[4:]


def _pair(r_: int, s: int) -> Callable[[bytes], bytes]:
    return lambda answer: answer[:4] + r_.to_bytes(32, "big") + s.to_bytes(32, "big")


def _overheard(rig: Rig) -> bytes:
    """The nurse logs in by card, and somebody hears the answer; then the card is taken away."""
    heard: list[bytes] = []

    def says(answer: bytes) -> bytes:
        heard.append(answer)
        return answer

    rig.reader.says = says
    rig.lay(NURSE)
    rig.run(CHECKED_MS)
    if rig.status.operator != NURSE:
        raise ValueError("the right card is not let in")
    rig.lay(0)
    rig.run(200)
    rig.let_in.clear()
    rig.run(300)
    return heard[-1]


def _replayed(rig: Rig) -> None:
    answer = _overheard(rig)
    _laid(NURSE, lambda _: answer)(rig)


def _replayed_after_a_reboot(rig: Rig) -> None:
    """The entropy is worth nothing: all zero, at both boots."""
    rig.board.entropy.constant = True
    answer = _overheard(rig)
    rig.reboot()
    _laid(NURSE, lambda _: answer)(rig)


def _of_another_pump(rig: Rig) -> None:
    """What the nurse's card answered another pump, at the same boot's count and with the same entropy, all zero."""
    rig.board.entropy.constant = True
    other = Rig(rig.make, seed=2)
    other.board.entropy.constant = True
    answer = _overheard(other)
    _laid(NURSE, lambda _: answer)(rig)


def _of_another_purpose(rig: Rig) -> None:
    """What the card signed for a terminal, of the same bytes but for what they are for."""
    _laid(NURSE, lambda _: rig.cards[NURSE].sign(rig.reader.questions[-1].replace(b"bedside", b"request")))(rig)


def _one_of_its_own(rig: Rig) -> None:
    """A question that the forger made, well formed and signed by a card that was left lying elsewhere."""
    asked = question(record(9), 1, 1, bytes(16))
    _laid(NURSE, lambda _: rig.cards[NURSE].sign(asked))(rig)


def _swapped(rig: Rig) -> None:
    """The stranger's card takes the place of the nurse's while its answer is checked."""
    rig.lay(NURSE)
    rig.run(ASKED_MS)
    rig.reader.mute = True
    rig.lay(STRANGER)
    rig.run(CHECKED_MS)


def _taken_away(rig: Rig) -> None:
    rig.lay(NURSE)
    rig.run(ASKED_MS)
    rig.lay(0)
    rig.run(CHECKED_MS)


def _revoked_meanwhile(rig: Rig) -> None:
    rig.lay(NURSE)
    rig.run(ASKED_MS)
    rig.revoke(NURSE)
    rig.run(CHECKED_MS)


def _mute(rig: Rig) -> None:
    rig.reader.mute = True
    _laid(NURSE)(rig)


def _plain(rig: Rig) -> None:
    rig.reader.plain = True
    _laid(NURSE)(rig)


def _again_and_again(rig: Rig) -> None:
    """Three wrong answers in the nurse's name; then hers is the right one, and has to wait."""
    for _ in range(3):
        _laid(STRANGER, _named(NURSE))(rig)
        rig.lay(0)
        rig.run(200)
    _laid(NURSE)(rig)


def _cut_short(answer: bytes) -> bytes:
    return answer[:-1]


def _flipped(answer: bytes) -> bytes:
    return answer[:-1] + bytes([answer[-1] ^ 1])


CASES = (
    Case("a stranger's card", msg.WRONG_CARD, _laid(STRANGER)),
    Case("a stranger's card in the nurse's name", msg.WRONG_CARD, _laid(STRANGER, _named(NURSE))),
    Case("the nurse's card in the physician's name", msg.WRONG_CARD, _laid(NURSE, _named(PHYSICIAN))),
    Case("a card of somebody who has none", msg.WRONG_CARD, _laid(CARDLESS)),
    Case("a revoked person's card", msg.WRONG_CARD, _laid(REVOKED)),
    Case("nobody's number", msg.WRONG_CARD, _laid(NURSE, _named(0))),
    Case("a bit of the signature flipped", msg.WRONG_CARD, _laid(NURSE, _flipped)),
    Case("a signature of noughts", msg.WRONG_CARD, _laid(NURSE, _pair(0, 0))),
    Case("a signature of ones", msg.WRONG_CARD, _laid(NURSE, _pair(1, 1))),
    Case("a signature past the order", msg.WRONG_CARD, _laid(NURSE, _pair(2**256 - 1, 2**256 - 1))),
    Case("an answer cut short", msg.MUTE_CARD, _laid(NURSE, _cut_short)),
    Case("a replayed answer", msg.WRONG_CARD, _replayed),
    Case("an answer from before a reboot", msg.WRONG_CARD, _replayed_after_a_reboot, in_home=False),
    Case("an answer to another pump", msg.WRONG_CARD, _of_another_pump, in_home=False),
    Case("what it signed for another purpose", msg.WRONG_CARD, _of_another_purpose),
    Case("a question of the forger's", msg.WRONG_CARD, _one_of_its_own),
    Case("a card swapped while it is checked", msg.MUTE_CARD, _swapped),
    Case("a card taken away while it is checked", msg.NONE, _taken_away),
    Case("a person revoked while the card is checked", msg.WRONG_CARD, _revoked_meanwhile, in_home=False),
    Case("a card that does not answer", msg.MUTE_CARD, _mute),
    Case("a tag that cannot sign", msg.MUTE_CARD, _plain),
    Case("a technician's card", msg.NOT_YOURS, _laid(BIOMED)),
    Case("the right card after three wrong ones", msg.WAIT_CARD, _again_and_again),
)
