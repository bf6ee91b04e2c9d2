"""A card's login: the pump asks, the card signs, the pump checks. Loaded once a card lies on the reader.

Each question is made anew and good for one answer: the boot's count, a number that rises within the boot, and a MAC
over both and fresh entropy, so that none comes twice whatever the entropy is worth. The card signs it with its own
key (ECDSA, P-256, SHA-256), whose public half stands in the person's row of the credential record; no pump holds
anything that answers another pump. All that is compared here is public: it need not hide where it differs.
"""

from hashlib import sha256

from firmware.therapy import messages as msg
from firmware.trust.bedside import Tries
from firmware.trust.cbor import encode
from firmware.trust.mac import MacKey
from hal.compat import const
from hal.ports import CARD_ANSWER, ERR_BUSY, OK

CONTEXT = "kvo bedside 1"
PURPOSE = b"kvo bedside"  # of the key that makes questions
PATIENCE_S = const(5)  # for an answer
LAST_QUESTION = const(0x3FFFFFFF)  # a card laid down ten times a second for three years
_ENTROPY = const(16)
_PROOF = const(16)
_PERSON = const(4)

# What is waited for.
_NOTHING = const(0)
_ANSWER = const(1)
_CHECK = const(2)


def question(record, boot_count, number, noise):
    """Return the bytes that a card is to sign: what they are for, which pump asks, and what never comes again."""
    head = boot_count.to_bytes(4, "big") + number.to_bytes(4, "big")
    key = MacKey(record.key(PURPOSE))
    proof = key.mac(head, noise)[:_PROOF]
    key.wipe()
    return encode([CONTEXT, record.pump_id, head + proof])


class Desk:
    """Asks whatever card is laid down, once, and checks what it answers.

    person: whose card it says it is; who: that Person, where the answer was right.
    """

    __slots__ = (
        "_answer", "_asked_s", "_board", "_boot_count", "_check", "_digest", "_record", "_remote", "_waits", "person",
        "questions", "tries", "who",
    )  # fmt: skip

    def __init__(self, remote, record, board, boot_count, questions):
        """`boot_count`: the secure counter, which rose at this boot; -1 where it did not. `questions`: so far."""
        self._remote = remote
        self._record = record
        self._board = board
        self._boot_count = boot_count
        self._waits = _NOTHING
        self._check = None
        self._digest = b""
        self._asked_s = 0
        self._answer = bytearray(CARD_ANSWER)
        self.tries = Tries(record.people)  # of cards alone: a wrong card keeps nobody's PIN out
        self.questions = questions
        self.person = 0
        self.who = None

    def drop(self):
        """Ask no more: the card is gone, or somebody enters a number."""
        if self._waits != _NOTHING:
            self._remote.say(msg.NONE)  # no card is checked now
        self._waits = _NOTHING
        self._check = None
        self._digest = b""

    def ask(self, now_s):
        """A card was laid down: ask it. Without a count that rose a question might come twice, so none is asked."""
        self.drop()
        if self._boot_count < 0 or self.questions >= LAST_QUESTION:
            self._remote.say(msg.MUTE_CARD)
            return
        self.questions += 1
        noise = bytearray(_ENTROPY)
        if self._board.entropy is not None:
            self._board.entropy.fill(noise)
        asked = self._question(noise)
        if self._board.identity.ask(asked) != OK:
            self._remote.say(msg.MUTE_CARD)
            return
        self._digest = sha256(asked).digest()
        self._asked_s = now_s
        self._waits = _ANSWER
        self._remote.say(msg.CHECKING_CARD)

    def _question(self, noise):
        return question(self._record, self._boot_count, self.questions, noise)

    def look(self, now_s):
        """Do a slice; 1 where `person` has proved to be there, -1 for a wrong answer, 0 else."""
        if self._waits == _ANSWER:
            return self._listen(now_s)
        if self._waits == _CHECK and not self._check.step():
            return self._settle(self._who() if self._check.holds else None, now_s)
        return 0

    def _listen(self, now_s):
        rc = self._board.identity.answer(self._answer)
        if rc == ERR_BUSY and now_s - self._asked_s <= PATIENCE_S:
            return 0
        if rc != OK:
            self.drop()
            self._remote.say(msg.MUTE_CARD)
            return 0
        self.person = int.from_bytes(self._answer[:_PERSON], "big")
        if self.tries.waits(self.person, now_s):
            self.drop()
            self._remote.say(msg.WAIT_CARD)
            return 0
        who = self._who()
        if who is None or not who.card:
            return self._settle(None, now_s)
        from firmware.trust.p256 import Signature

        self._check = Signature(who.card, self._digest, bytes(self._answer[_PERSON:]))
        self._waits = _CHECK
        return 0

    def _who(self):
        """The Person whose card it says it is; None for nobody, and for one who is revoked."""
        return self._record.person(self.person)

    def _settle(self, who, now_s):
        """Whatever the answer was, it was the only one to this question. `who`: whose it proves to be, or None."""
        self.drop()
        self.who = who
        if who is not None:
            self.tries.right(self.person)
            return 1
        self.tries.wrong(self.person, now_s)
        self._remote.say(msg.WRONG_CARD)
        return -1
