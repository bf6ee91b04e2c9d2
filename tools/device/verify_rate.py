"""How long a gatekeeper takes over a request, from its bytes to the verdict. Prints one JSON line.

Run by `kvo bench trust` as a script under MicroPython's unix port, whose argument is the project's root; by runner.mjs,
a batch at a time, in home webassembly; and imported on CPython. The requests are made beforehand: what is timed is
decoding, the key, the MAC, decoding what it covers, and every rule.
"""

import gc
import json
import sys

BATCH = 24  # within the counters that a session tells apart
_PASSES = 15
_OPERATOR = 7
_NURSE = 1
_STATUS = 11
_NOW_S = 200_000_000
_SHIFT_END_S = 200_030_000


class _Entropy:
    """None worth the name: the figures do not rest on it."""

    def fill(self, into):
        """Leave it as it is."""
        return 0


class Rate:
    """A step is one batch of one kind. `found` holds, for each kind, µs a request of each pass."""

    def __init__(self, say=print, passes=_PASSES):
        from firmware.trust.credentials import Record
        from firmware.trust.keyring import Keyring
        from firmware.trust.mac import MacKey
        from firmware.trust.roles import Roles
        from firmware.trust.seconds import Seconds
        from firmware.trust.session import Session

        record = Record()
        record.pump_id = bytes(range(8))
        record.pump_key = bytes(range(32))
        record.epoch = 1
        self._record = record
        self._keyring = Keyring(record)
        self._roles = Roles()
        self._seconds = Seconds(0)
        self._seconds.tell(_NOW_S, 0)
        self._session = Session()
        self._session.boot(1)
        self._session.begin(MacKey(bytes(32)), _Entropy())
        self._say = say
        self._left = passes * 3
        self.found = {"words": 64 if sys.maxsize > 1 << 31 else 32, "batch": BATCH, "accepted": [], "refused": [],
                      "first": []}  # fmt: skip
        self._good, self._bad = self._make()

    def _make(self):
        """Requests with rising counters, and the same with a MAC that does not hold."""
        from firmware.trust.cbor import encode
        from firmware.trust.cose import KEY_ID, make_mac0
        from firmware.trust.keyring import operator_key
        from firmware.trust.mac import MacKey
        from firmware.trust.request import CONTEXT, kid_of

        kid = kid_of(self._record.pump_id, _OPERATOR, _NURSE, 1, _SHIFT_END_S)
        key = MacKey(operator_key(self._record, _OPERATOR, _NURSE, 1, _SHIFT_END_S))
        good = []
        bad = []
        for counter in range(1, BATCH + 1):
            payload = encode({1: _STATUS, 2: self._session.challenge, 3: counter, 4: 20, 5: {}})
            message = make_mac0(payload, key, {KEY_ID: kid}, CONTEXT)
            good.append(message)
            bad.append(message[:-1] + bytes([message[-1] ^ 1]))
        self.found["bytes"] = len(good[0])
        return good, bad

    def step(self):
        """False after the last."""
        self._left -= 1
        kind = ("accepted", "refused", "first")[self._left % 3]
        gc.collect()
        self.found[kind].append(self._time(kind))
        if not self._left:
            self._say(json.dumps(self.found))
        return self._left > 0

    def _time(self, kind):
        """Tenths of a µs a request."""
        from tools.device.measure import since_us, ticks_us

        messages = self._bad if kind == "refused" else self._good
        codes = 0
        self._session.counters.clear()
        begun = ticks_us()
        for message in messages:
            if kind == "first":
                self._keyring.keep_none()  # nobody's key is kept: it has to be derived
            codes += self._judge(message)
        took = since_us(begun)
        expected = BATCH * 4 if kind == "refused" else 0  # WRONG_MAC, or OK
        if codes != expected:
            raise RuntimeError("codes add up to %d, %d expected" % (codes, expected))
        return took * 10 // BATCH

    def _judge(self, message):
        """As firmware/trust/gatekeeper.py does it."""
        from firmware.trust.request import Request

        request = Request()
        code = request.open(message, self._record.pump_id)
        if code:
            return code
        key = self._keyring.find(request.kid)
        if key is None:
            key = self._keyring.derive(request)
        code = request.verify(key)
        if code:
            return code
        self._keyring.keep(request.kid, key)
        return request.judge(self._record, self._session, self._seconds, self._roles, 0)


def main():
    """For runner.mjs."""
    return Rate().step


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    rate = Rate()
    while rate.step():
        pass
