"""Evidence that the pump takes what an HSS/LMS key signed, in slices, and nothing else."""

from __future__ import annotations

import hashlib
import json
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from firmware.trust import lms
from simulator.homes import micropython, mpy, webassembly
from tools import lms_vectors
from tools.claims import signature_cases
from tools.claims.registry import Outcome, Report, claim
from tools.claims.signature_cases import Case
from tools.claims.signature_mutants import MUTANTS, mutant, source_of, with_forced_branches
from tools.device import signatures as device

ALTERED = 10_000
_ALTERED_DEEP = 100_000
_ALTERED_OF_A_MUTANT = 1_500
# An RP2040 does 8,700 short hashes a second (docs/design.md): so many in 50 ms, and what a slice may do.
IN_50_MS = 8_700 * 50 // 1000
BLOCKS_OF_A_SLICE = lms.SLICE + 8
_PATIENCE = 400  # slices; the dearest signature here takes a quarter
_IN_WASM = ("firmware/__init__.py", "firmware/trust/__init__.py", "firmware/trust/lms.py", "hal/__init__.py",
            "hal/compat.py", "tools/__init__.py", "tools/device/__init__.py", "tools/device/signatures.py")  # fmt: skip
_SEED = 8554
DEFAULT = "pyhsslms, SHA-256/192, height 10, W4"  # the set that KVO's keys are of


def verdict(room: Any, case: Case) -> int | str:
    """What becomes of a case; an exception that leaves, or work without an end, is told by its name."""
    try:
        verifier = room.Verifier(case.key, case.signature)
        verifier.update(case.message)
        for _ in range(_PATIENCE):
            if not verifier.step():
                return int(verifier.result)
    except Exception as error:
        return type(error).__name__
    return "no end"


def _is_right(room: Any, case: Case, said: int | str) -> bool:
    if case.expect is not None:
        return said == case.expect
    return isinstance(said, int) and said not in (room.VERIFIED, room.MORE)


class Counted:
    """SHA-256 that counts the blocks it hashes."""

    blocks = 0

    def __init__(self, data: bytes = b"") -> None:
        self._hash = hashlib.sha256()
        self._length = 0
        self.update(data)

    def update(self, data: bytes) -> None:
        """Count the blocks that this fills."""
        before = self._length // 64
        self._length += len(data)
        Counted.blocks += self._length // 64 - before
        self._hash.update(data)

    def digest(self) -> bytes:
        """Count what padding takes."""
        Counted.blocks += 1 if self._length % 64 < 56 else 2
        return self._hash.digest()


def longest_slice(room: Any, cases: list[Case]) -> int:
    """The most blocks that any slice of verifying the cases hashes."""
    most = 0
    room.sha256 = Counted
    try:
        for case in cases:
            verifier = room.Verifier(case.key, case.signature)
            verifier.update(case.message)
            going = True
            while going:
                Counted.blocks = 0
                going = verifier.step()
                most = max(most, Counted.blocks)
    finally:
        room.sha256 = hashlib.sha256
    return most


def _in_order(room: Any, case: Case) -> bool:
    """Bytes that come once the work has begun are not of the message, and spoil it."""
    verifier = room.Verifier(case.key, case.signature)
    verifier.update(case.message)
    verifier.step(1)
    verifier.update(b"more")
    while verifier.step():
        pass
    return bool(verifier.result == room.REFUSED_ORDER)


def forgeries(cases: list[Case]) -> list[Case]:
    """A few that the hashes alone can tell: another message, a chain, the last byte, and a tree below another's."""
    two = next(case for case in cases if case.name.endswith("2 levels"))
    one = next(case for case in cases if case.ots == two.ots and case.height == 5 and case.key[3] == 1)
    return [
        Case(one.key, one.message + b"!", one.signature),
        one.put(12 + one.n, bytes(one.n)),
        one.put(len(one.signature) - 1, bytes([one.signature[-1] ^ 1])),
        signature_cases.lower_tree_of_another(two, one),
    ]


def wrong_of_honest(room: Any, cases: list[Case]) -> list[str]:
    """Which signatures are not taken, and which sets by their headers alone not judged by their hashes."""
    wrong = [f"{case.name}: {said}" for case in cases if (said := verdict(room, case)) != room.VERIFIED]
    wrong += [f"{case.name}: more was taken" for case in cases[:1] if not wrong and not _in_order(room, case)]
    for n in (24, 32):
        for height in (20, 25):
            for ots in range(5, 9) if n == 24 else range(1, 5):
                case = signature_cases.by_header(n, height, ots)
                if not wrong and not _is_right(room, case, verdict(room, case)):
                    wrong.append(case.name)
    return wrong


def wrong_of_altered(room: Any, cases: list[Case], count: int, seed: int) -> tuple[int, list[str]]:
    """How many alterations were tried, and the first that was taken or judged by another code."""
    tried = 0
    for kind, case in signature_cases.altered(cases, count, seed):
        tried += 1
        said = verdict(room, case)
        if not _is_right(room, case, said):
            return tried, [f"{kind} of {case.name}: {said}"]
    return tried, []


def wrong_of_forced(source: str, forged: list[Case]) -> tuple[int, list[str]]:
    """The same for branches and loops of `source`, each forced one way and the other."""
    tried = 0
    for name, forced in with_forced_branches(source):
        for case in forged:
            tried += 1
            if verdict(forced, case) == lms.VERIFIED:
                return tried, [f"{name} lets a forgery through"]
    return tried, []


def elsewhere(cases: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The same cases in MicroPython's unix and WebAssembly ports. HomeError where one is missing."""
    data = json.dumps(cases)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "signatures.json"
        path.write_text(data, encoding="utf-8")
        unix = micropython.run_script(Path(device.__file__), str(mpy.ROOT), str(path), heap="2m", timeout_s=300)
    files = webassembly.bundle({**mpy.compile_all(mpy.sources_of(*_IN_WASM)), "signatures.json": data.encode()})
    wasm = webassembly.run_module(files, "tools.device.signatures", timeout_s=300)
    return {"micropython": json.loads(unix), "webassembly": json.loads(wasm)}


def _made_now(cases: list[Case], report: Report) -> list[str]:
    """Keys made here and now: all sets of height 10, and of 15 those that take pyhsslms a minute or two."""
    wrong = []
    sets = [*lms_vectors.sets((10,)), *(one for one in lms_vectors.sets((15,)) if one[3] != 8)]
    for done, (name, n, height, bits) in enumerate(sets, 1):
        case = signature_cases.case_of(lms_vectors.sign(lms_vectors.make_key(n, height, bits), name, skip=3))
        cases.append(case)
        if lms.verify(case.key, case.message, case.signature) != lms.VERIFIED:
            wrong.append(f"made now: {name}")
        report(done, len(sets) + 1)
    return wrong


@claim(
    "signatures-verify",
    "The pump takes the HSS/LMS test cases of RFC 8554 and RFC 9858 and pyhsslms's signatures of every SHA-256 set, on "
    "each interpreter, at once and in slices that hash at most 208 blocks (435 take an RP2040 50 ms), and refuses at "
    "least 10,000 signatures, messages and keys altered by chance; with any one branch of its code forced it still "
    "takes no forgery.",
    mutants={name: partial(str, name) for name in MUTANTS},
)
def signatures_verify(deep: bool, subject: str | None, report: Report) -> Outcome:
    """Signatures of height 5 and 10 from tools/claims/lms_vectors.json; `deep` also makes keys, and alters more.

    HomeError where an interpreter is missing.
    """
    loaded = signature_cases.load()
    cases = [signature_cases.case_of(one) for one in [*loaded["published"], *loaded["made"]]]
    wrong = _made_now(cases, report) if deep and subject is None else []
    room = lms if subject is None else mutant(subject)
    count = _ALTERED_OF_A_MUTANT if subject is not None else _ALTERED_DEEP if deep else ALTERED
    longest = longest_slice(room, cases)
    if longest > BLOCKS_OF_A_SLICE:
        wrong.append(f"a slice of {longest} blocks")
    wrong += wrong_of_honest(room, cases)
    # Eight bits a digit take ten times as long to refuse, several trees their number: fewer of those.
    quick = [case for case in cases if case.ots not in (4, 8) and case.key[3] == 1]
    slow = [case for case in cases if case not in quick]
    altered = forced = 0
    for some, share in ((quick, 49), (slow, 1)):
        if not wrong:
            tried, wrong = wrong_of_altered(room, some, count * share // 50, _SEED + share)
            altered += tried
    if not wrong:
        forced, wrong = wrong_of_forced(source_of(subject), forgeries(cases))
    homes = {}
    if subject is None:
        default = [case for case in cases if case.name == DEFAULT]
        homes = elsewhere([signature_cases.parts(case) for case in [*default, *cases]])
        wrong += [f"{home}: {name}" for home, found in homes.items() for name in found["wrong"]]
    figure = (
        f"{len(cases)} signatures held on {1 + len(homes)} interpreters, {altered:,} altered and {forced} forged with "
        f"a branch forced refused, at most {longest} blocks a slice"
    )
    found = {"altered": altered, "forced": forced, "longest_slice": longest, "homes": homes, "wrong": wrong[:50]}
    return Outcome(not wrong and altered >= count and forced > 0, figure, found)
