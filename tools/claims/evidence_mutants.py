"""Verifiers and exporters of evidence that are wrong in one way, for the claim `evidence` to reject."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware.trust import evidence as ev
from firmware.trust.evidence import Evidence
from firmware.trust.recovery import Recovery
from simulator import audit
from tools.evidence import verify as vf
from tools.evidence.verify import Expected, Result, Verify


def without(*kinds: str) -> Verify:
    """A verifier that does not look for these."""

    def verify(data: bytes, expected: Expected) -> Result:
        found = vf.verify(data, expected)
        left = [one for one in found.problems if one.what not in kinds]
        return Result(left, found.body, found.container, found.records)

    return verify


def blames_another(data: bytes, expected: Expected) -> Result:
    """Finds that something is wrong, and says that it is a record later."""
    found = vf.verify(data, expected)
    moved = [vf.Problem(one.what, one.sequence + 1 if one.sequence >= 0 else -1) for one in found.problems]
    return Result(moved, found.body, found.container, found.records)


VERIFIERS: dict[str, Verify] = {
    "no look at the counter-signature": without(vf.NO_SIGNATURE),
    "no look at the pump's MAC": without(vf.WRONG_MAC, vf.NO_MAC),
    "evidence without a MAC is taken": without(vf.NO_MAC),
    "no look at altered records": without(audit.ALTERED),
    "no look at gaps": without(audit.DROPPED),
    "no look at what was cut": without(audit.CUT),
    "no look at the order": without(audit.REORDERED),
    "no look at what is repeated": without(audit.REPEATED),
    "no look at what is forged": without(audit.FORGED, audit.ALTERED),
    "files that are cut are taken": without(vf.NO_FILE),
    "another pump's evidence is taken": without(vf.OTHER_PUMP),
    "another taking is taken for this one": without(vf.OTHER_NONCE),
    "a new audit need not follow the old one": without(vf.BROKEN_LINK),
    "another record is blamed": blames_another,
}


class VouchesForLess(Evidence):
    """Its MAC leaves out the journal."""

    def _say_chunk(self) -> None:
        held = self._hash if self._what == ev._JOURNAL else None  # type: ignore[has-type]
        if held is not None:
            deaf: Any = _Deaf()
            self._hash = deaf
        super()._say_chunk()
        if held is not None:
            self._hash = held


class _Deaf:
    def update(self, data: bytes) -> None:
        pass


class HandsOutKeys(Evidence):
    """Hands out the audit's area with the slots of its keys."""

    def _start(self, size: int) -> int:
        return 0


def exporting(make: Any) -> Callable[..., Any]:
    """What answers at a local port, with another exporter."""

    class Other(Recovery):
        def make_evidence(self, *arguments: Any) -> Any:
            return make(*arguments)

    return Other


EXPORTERS: dict[str, Any] = {
    "the pump vouches for less than it hands out": VouchesForLess,
    "the pump hands out a key": HandsOutKeys,
}
