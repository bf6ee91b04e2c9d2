"""Evidence and recovery at the local port, beside what install.py takes. Loaded when the port opens.

    kvo begin 1 CRC                  kvo ok 1 CRC          isolated becomes recovery, where the key switch is turned
    kvo show 2 NONCE CRC             kvo ok 2 CRC          evidence begins (evidence.py)
    kvo get 3 OFFSET CRC             kvo is 3 OFFSET HEX CRC   a piece; shorter than 256 bytes: the last, "-": nothing
    kvo kept 4 SHA-256 CRC           kvo ok 4 CRC          whoever asked has it all
    kvo key, kvo put                 as for an installation: the audit's next key, the next record
    kvo ask 5 CARD SHA-256 CRC       kvo is 5 HEX CRC      what card 1 or 2 is to sign for the record of that digest
    kvo sign 6 CARD HEX CRC          kvo ok 6 CRC          r and s, checked in slices
    kvo end 7 LENGTH SHA-256 CRC     kvo ok 7 CRC          the audit begun anew, the keys replaced, all read back

In this order. What is asked for out of it is refused, and so is the pump's old key, one card for both, and a record
that the cards have not signed. Nothing here touches therapy: one erase a step, only where the lease outlasts it. Before
the first byte of the old goes a mark is written (recovery_area.py); power that goes after that leaves an isolated pump,
and the same recovery is done again.
"""

from hashlib import sha256

from firmware.therapy.tables import EV_RECOVERED, EV_RECOVERY_ON, TR_ISOLATED, TR_RECOVERY
from firmware.trust.audit_handing import begin_anew, begun_with
from firmware.trust.cbor import encode
from firmware.trust.closed import is_blank
from firmware.trust.install import NO_PUMP, NO_STORE, Installer, refused, said, said_ok
from firmware.trust.mac import equal
from firmware.trust.recovery_area import Marks, read_keys
from firmware.trust.seconds import Seconds
from firmware.trust.unaudited import Unaudited
from hal.compat import const, hexlify, unhexlify
from hal.ports import AREA_AUDIT_A, AREA_AUDIT_B, ERR_BUSY, ERR_FULL, OK

CONTEXT = "kvo recovery 1"
_NOISE = const(16)
_NONCE = const(16)
_SIGNATURE = const(64)
_WAITS = b"waits"

# Why not, beside those of install.py: the word that is said, and the number in the audit.
NO_STATE = b"state"  # no recovery is under way, or none is needed
NO_EVIDENCE = b"evidence"  # it was not taken, or what was taken is something else
NO_CARDS = b"cards"  # one of the two has not signed this
NO_CARD = b"card"  # no card of this pump's recovery signed it
NO_TWICE = b"twice"  # one card cannot stand for both
NO_ASK = b"ask"  # nothing was asked, or it was answered
NO_OLD_KEY = b"oldkey"  # the key that is to be replaced
NO_OLD_EPOCH = b"oldepoch"  # an epoch that was in force
NO_PLACE = b"unfixed"  # nothing was fixed at provisioning by which to recover this pump
NO_MORE = b"spent"  # there is no room for one more mark
NO_LATE = b"late"  # the evidence took too long
NO_REPAIR = b"repair"  # an image is not whole
REASONS = (
    b"", NO_STATE, NO_EVIDENCE, NO_CARDS, NO_CARD, NO_TWICE, NO_ASK, NO_OLD_KEY, NO_OLD_EPOCH, NO_PLACE, NO_MORE,
    NO_LATE, NO_REPAIR, NO_PUMP, NO_STORE, b"record", b"length", b"digest", b"shut",
)  # fmt: skip

# Steps, as the audit has them.
BEGUN = const(1)
EXPORTED = const(2)  # digest: of the evidence
CARD_SIGNED = const(3)  # number: which
REFUSED = const(4)
LINKED = const(5)  # number, digest: the head of the audit before
RECOVERED = const(6)


def question(pump_id, count, number, noise, evidence, what, card):
    """Return what a card signs: which pump, which recovery of it, which evidence, which record, which card."""
    return encode([CONTEXT, pump_id, count, number, noise, evidence, what, card])


class Recovery(Installer):
    """An Installer that hands out evidence too, and takes other keys once two cards have agreed."""

    def __init__(self, port, store, gatekeeper, remote, counter, entropy, post):
        """`remote`: therapy.Remote; `counter`, `entropy`: the board's; `post(event)`: therapy's mailbox."""
        Installer.__init__(self, port, store, gatekeeper, counter)
        self._gatekeeper = gatekeeper
        self._seconds = getattr(gatekeeper, "seconds", None) or Seconds(0)
        self._audit = getattr(gatekeeper, "audit", None) or Unaudited()
        self._remote = remote
        self._entropy = entropy
        self._post = post
        self._marks = Marks(store)
        self._evidence = None
        self._kept = b""  # digest of what was exported, once it was said to have arrived
        self._agreed = [b"", b""]  # digests of the records that each signed for
        self._asked = 0  # which card was asked, 0 for none
        self._questions = 0
        self._digest = b""  # of the question
        self._what = b""  # of the record that it is about
        self._check = None
        self._again = False  # the check is against the other card's key
        self._line_number = b""  # of the line that is answered later
        self._work = None  # steps that are left of an installation
        self._left = 0
        self._record = None
        self._wanted = b""
        self._signature = b""
        self.repair = None  # has step(): OK once images are whole, ERR_BUSY while it works, else they are not

    def step(self):
        """Do a slice of what takes time; else as an Installer does."""
        if self.out or (self._check is None and self._work is None):
            Installer.step(self)
        elif self._check is not None:
            if not self._check.step():
                self._settle()
        else:
            self._go_on()

    def more(self, verb, number, words):
        """The verbs of evidence and recovery."""
        count = len(words)
        if verb == b"begin" and not count:
            return self._begin(number)
        if verb == b"show" and count == 1:
            return self._take_evidence(number, unhexlify(words[0]))
        if verb == b"get" and count == 1:
            return self._get(number, int(words[0]))
        if verb == b"kept" and count == 1:
            return self._keep_evidence(number, unhexlify(words[0]))
        if verb == b"ask" and count == 2:
            return self._ask(number, int(words[0]), unhexlify(words[1]))
        if verb == b"sign" and count == 2:
            return self._sign(number, int(words[0]), unhexlify(words[1]))
        if not self._remote.is_at_rest():  # what is carried here stalls the pump for longer than a lease
            return self._no(number, NO_STATE)
        return Installer.more(self, verb, number, words)

    def _no(self, number, reason):
        self._audit.recovery(REFUSED, REASONS.index(reason), 0, bytes(32))
        return refused(number, reason)

    # In order.

    def _begin(self, number):
        trust = self._remote.trust()
        if trust == TR_RECOVERY:
            return said_ok(number)
        if trust != TR_ISOLATED:
            return self._no(number, NO_STATE)
        if read_keys(self.store) is None:
            return self._no(number, NO_PLACE)
        self._post(EV_RECOVERY_ON)
        self._audit.recovery(BEGUN, 0, 0, bytes(32))
        return said_ok(number)

    def _take_evidence(self, number, nonce):
        if len(nonce) != _NONCE:
            raise ValueError
        self._kept = b""
        fixed = read_keys(self.store)
        count = -1 if self.counter is None else self.counter.read()
        self._evidence = self.make_evidence(
            self.store, self._audit, self.credentials, self._remote.status, count, self._seconds, nonce,
            b"" if fixed is None else fixed[0],
        )  # fmt: skip
        return said_ok(number)

    def make_evidence(self, *arguments):
        """Return an Evidence; a test may make another."""
        from firmware.trust.evidence import Evidence

        return Evidence(*arguments)

    def _get(self, number, offset):
        evidence = self._evidence
        if evidence is None:
            return self._no(number, NO_EVIDENCE)
        if evidence.is_late(self._seconds.now_s):
            self._drop_evidence()
            return self._no(number, NO_LATE)
        piece = evidence.piece(offset)
        if piece is None:
            return self._no(number, NO_EVIDENCE)
        return said(b"is " + number + b" " + str(offset).encode() + b" " + (hexlify(piece) or b"-"))

    def _drop_evidence(self):
        self._evidence = None
        self._audit.hold(-1)

    def _keep_evidence(self, number, digest):
        evidence = self._evidence
        if evidence is None or not evidence.digest or not equal(evidence.digest, digest):
            return self._no(number, NO_EVIDENCE)
        self._evidence = None
        self._kept = digest
        self._agreed = [b"", b""]
        self._audit.recovery(EXPORTED, 0, 0, digest)
        return said_ok(number)

    def _ready_for_cards(self):
        if self._remote.trust() != TR_RECOVERY:
            return NO_STATE
        return b"" if self._kept else NO_EVIDENCE

    def _ask(self, number, card, what):
        reason = self._ready_for_cards()
        if reason:
            return self._no(number, reason)
        fixed = read_keys(self.store)
        if fixed is None:
            return self._no(number, NO_PLACE)
        if card not in (1, 2) or len(what) != 32:
            raise ValueError
        noise = bytearray(_NOISE)
        if self._entropy is not None:
            self._entropy.fill(noise)
        self._questions += 1
        count = 0 if self.counter is None else max(self.counter.read(), 0)
        asked = question(fixed[0], count, self._questions, bytes(noise), self._kept, what, card)
        self._asked = card
        self._what = what
        self._digest = sha256(asked).digest()
        return said(b"is " + number + b" " + hexlify(asked))

    def _sign(self, number, card, signature):
        reason = self._ready_for_cards()
        if reason:
            return self._no(number, reason)
        if len(signature) != _SIGNATURE:
            raise ValueError
        if not self._asked or card != self._asked:
            return self._no(number, NO_ASK)
        self._line_number = number
        self._signature = signature
        self._again = False
        self._check_by(card)
        return b""

    def _check_by(self, card):
        from firmware.trust.p256 import Signature

        fixed = read_keys(self.store)
        self._check = Signature(fixed[card] if fixed is not None else bytes(33), self._digest, self._signature)

    def _settle(self):
        """A signature was checked: one answer to one question."""
        holds = self._check.holds
        self._check = None
        card = self._asked
        if not holds and not self._again:  # is it the other card?
            self._again = True
            self._check_by(3 - card)
            return
        self._asked = 0
        if self._again:
            self.out = self._no(self._line_number, NO_TWICE if holds else NO_CARD)
            return
        self._agreed[card - 1] = self._what
        self._audit.recovery(CARD_SIGNED, 0, card, self._what)
        self.out = said_ok(self._line_number)

    # Keys.

    def judge(self, record, data):
        """Begin to replace what there is by a record of these bytes, or say why not."""
        if self._remote.trust() < TR_ISOLATED:
            return Installer.judge(self, record, data)
        reason = self._why_not(record, data)
        if not reason:
            self._record = record
            self._wanted = data
            self._left = 0
            self._work = self._steps()
        return reason

    def ended(self, number, reason):
        """The answer to `end`: at once where it is refused, else once all is done."""
        if self._remote.trust() < TR_ISOLATED:
            return Installer.ended(self, number, reason)
        self._line_number = number
        return self._no(number, reason) if reason else b""

    def _why_not(self, record, data):
        reason = self._ready_for_cards()
        if reason:
            return reason
        fixed = read_keys(self.store)
        if fixed is None:
            return NO_PLACE
        if not equal(fixed[0], record.pump_id):
            return NO_PUMP
        what = digest_of(data, self.audit_key)
        if not self.audit_key or self._agreed != [what, what]:
            return NO_CARDS
        old = self.credentials.record
        self._marks.find()
        if old is not None and self._marks.what != what:  # else it was begun before, and power broke it off
            if equal(old.pump_key, record.pump_key):
                return NO_OLD_KEY
            if record.epoch <= old.epoch:
                return NO_OLD_EPOCH
        return b""

    def _go_on(self):
        """Do one step of the installation; each erases once at most."""
        if not self._remote.may_erase():
            return
        done = _WAITS
        try:
            done = self._work[self._left]()
        finally:
            self._lend(False)
        if done == _WAITS:
            return
        self._left += 1
        if done or self._left == len(self._work):
            self._work = None
            self.audit_key = b""
            self._record = None
            self._kept = b""
            self._agreed = [b"", b""]
            self.out = self._no(self._line_number, done) if done else said_ok(self._line_number)

    def _steps(self):
        return (
            self._mark, self._clear_first, self._clear_second, self._begin_audit, self._link, self._write, self._mend,
            self._look, self._close,
        )  # fmt: skip

    def leave(self):
        """Whoever stood here has gone: what was half said is forgotten, what was half done is marked."""
        self._drop_evidence()
        self._lend(False)

    def _lend(self, lent):
        """Keep the gatekeeper from what is being replaced."""
        self._audit.lent = lent
        self._gatekeeper.serviced = lent

    def _mark(self):
        head = self._audit.head()
        number, link = (0, bytes(32)) if head is None else head
        rc = self._marks.open(number, link, self._kept, self._agreed[0])
        if rc == ERR_FULL:
            return NO_MORE
        return NO_STORE if rc else b""

    def _clear_first(self):
        return self._clear(AREA_AUDIT_A)

    def _clear_second(self):
        return self._clear(AREA_AUDIT_B)

    def _clear(self, area):
        """Erase an area of the audit, but one that was begun with the key that is put: power broke off here before."""
        self._lend(True)
        if not self.store.size(area) or self._stands() or is_blank(self.store, area):
            return b""
        return NO_STORE if self.store.erase(area) != OK else b""

    def _stands(self):
        return begun_with(self._audit, self.audit_key)

    def _begin_audit(self):
        self._lend(True)
        return NO_STORE if not self._stands() and begin_anew(self._audit, self.audit_key) != OK else b""

    def _link(self):
        """The new chain names the last record of the old one, the evidence and the cards, once there is room for it."""
        if self._audit.owes():
            return _WAITS
        self._audit.recovery(LINKED, 0, self._marks.number, self._marks.link)
        self._audit.recovery(EXPORTED, 0, 0, self._kept)
        for card in (1, 2):
            self._audit.recovery(CARD_SIGNED, 0, card, self._agreed[card - 1])
        return b""

    def _write(self):
        self._lend(True)
        credentials = self.credentials
        there = credentials.record is not None and credentials.record.encode() == self._wanted
        return b"" if there or credentials.write(self._record) == OK else NO_STORE

    def _mend(self):
        self._lend(True)
        return b"" if not self.credentials.behind or self.credentials.mend() == OK else NO_STORE

    def _look(self):
        """Whether all of it stands, images too; what the new audit says first is stored by the gatekeeper."""
        if self._audit.owes():
            return _WAITS
        if self.repair is not None:
            rc = self.repair.step()
            if rc:
                return _WAITS if rc == ERR_BUSY else NO_REPAIR
        return b"" if self.credentials.stands(self._wanted) else NO_STORE

    def _close(self):
        if self._remote.trust() != TR_RECOVERY:
            return NO_STATE  # something was found meanwhile
        if self._marks.close() != OK:
            return NO_STORE
        self._audit.recovery(RECOVERED, 0, 0, bytes(32))
        self._post(EV_RECOVERED)
        return b""


def digest_of(data, audit_key):
    """Return what cards sign for: SHA-256 of a record's bytes and of the audit's first key that goes with it."""
    whole = sha256(data)
    whole.update(audit_key)
    return whole.digest()
