"""Audit chains and verifiers that are wrong in one way, for the evidence in audit.py to reject."""

from __future__ import annotations

from typing import Any

from firmware.trust.audit_frame import next_key
from firmware.trust.audit_store import Chain
from hal.ports import OK
from simulator import audit


class KeepsOldKeys(Chain):
    """Overwrites no slot."""

    def _retire(self, area: int, slot: int) -> None:
        pass


class RetiresFirst(Chain):
    """Overwrites the old key before the new one stands."""

    def _go_on(self) -> int:
        self.areas.zero(self.area, self._slot)
        return super()._go_on()


class KeyFirst(Chain):
    """Stores the next key before the record that it follows."""

    def _put(self, kind: int, data: bytes) -> int:
        self.areas.put_slot(self.area, self._free, self.sequence + 1, next_key(self.key), self.link)
        self._retire(self.area, self._slot)
        self._slot = self._free
        self._free += 1
        return super()._put(kind, data)

    def _go_on(self) -> int:
        self._whole = False
        self.sequence += 1
        self.key[:] = next_key(self.key)
        return OK


class LeavesTornKeys(Chain):
    """Trusts that a slot which does not hold a key holds nothing."""

    def _wipe(self) -> int:
        rc = OK
        areas, zero = self.areas, self.areas.zero
        areas.zero = lambda area, index: OK  # type: ignore[method-assign]
        try:
            rc = super()._wipe()
        finally:
            areas.zero = zero  # type: ignore[method-assign]
        return rc


class ForgetsTheRecord(Chain):
    """Does not take up a record whose key never went on."""

    def _find_end(self, first: int, link: bytes) -> bool:
        known = super()._find_end(first, link)
        self._whole = False
        return known


class ErasesUnannounced(Chain):
    """Does not note that the other area is about to go."""

    def __init__(self, store: Any) -> None:
        super().__init__(store)
        self.areas.let_other_go = lambda area: OK  # type: ignore[method-assign]


CHAINS: dict[str, type[Chain]] = {
    "an old key that stays": KeepsOldKeys,
    "the old key overwritten first": RetiresFirst,
    "the key before the record": KeyFirst,
    "torn slots left as they are": LeavesTornKeys,
    "a record whose key never went on, forgotten": ForgetsTheRecord,
    "an erase that nobody noted": ErasesUnannounced,
}


def _without(*kinds: str) -> Any:
    def verify(*arguments: Any, **named: Any) -> audit.Verdict:
        verdict = audit.verify(*arguments, **named)
        return audit.Verdict(verdict.records, [one for one in verdict.findings if one.what not in kinds])

    return verify


def no_heads(log: Any, key: bytes, **named: Any) -> audit.Verdict:
    """Looks at no published head."""
    return audit.verify(log, key, start=named.get("start"))


def elsewhere(log: Any, key: bytes, **named: Any) -> audit.Verdict:
    """Finds that something is wrong, and says that it is the record after."""
    verdict = audit.verify(log, key, **named)
    moved = [audit.Finding(one.what, one.sequence + 1, -1) for one in verdict.findings]
    return audit.Verdict(verdict.records, moved)


VERIFIERS: dict[str, Any] = {
    "no look at what was altered": _without(audit.ALTERED),
    "no look at gaps": _without(audit.DROPPED),
    "no look at the order": _without(audit.REORDERED),
    "no look at what is repeated": _without(audit.REPEATED),
    "no look at what is forged": _without(audit.FORGED),
    "no look at the head": no_heads,
    "the record after is blamed": elsewhere,
}

