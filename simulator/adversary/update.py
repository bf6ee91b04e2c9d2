"""An update server in somebody's hands: an honest carrier brings to the pump whatever it serves."""

from __future__ import annotations

from hashlib import sha256

from firmware.trust import roles as r
from firmware.trust.staging import CHUNK
from simulator.adversary.base import ACCESS, STRIKE, Adversary
from simulator.scenario.clock import GOOD_FOR_S
from simulator.site import pharmacy
from simulator.site.envelope import Prover

# What it serves, of `size` bytes: by name, what is wrong with it.
SERVED = {
    "good": "what was announced",
    "truncated": "the last chunk never comes",
    "other": "other bytes than those whose digest was announced",
    "late_chunk": "a chunk from further on, before its turn",
    "longer": "more than was announced",
    "too_long": "more than the pump can stage",
    "changed_again": "each chunk a second time, with other bytes",
}
_SECONDS = 1  # between two chunks
# Drug libraries with every upper limit a thousand times as high: by name, who vouches for it.
LIBRARIES = {
    "unsigned": "nobody has signed it",
    "forged": "it is signed in the pharmacists' names with keys of the adversary's own",
    "signed": "both pharmacists have signed it, long ago and in error",
    "for_another_class": "both pharmacists have signed it, for another class of pump",
}
STOLEN = {
    "one_signature": "one pharmacist's stolen key has signed it",
    "one_signature_twice": "one pharmacist's stolen key has signed it twice",
    "one_and_forged": "one pharmacist's stolen key has signed it, and a key of the adversary's own in the other's name",
}


def carried(data: bytes) -> list[tuple[int, int, bytes]]:
    """The requests by which a terminal carries `data` to the pump: kind and both arguments."""
    chunks = [(r.KIND_CHUNK, place, data[place : place + CHUNK]) for place in range(0, len(data), CHUNK)]
    return [(r.KIND_STAGE, len(data), sha256(data).digest()), *chunks]


class UpdateServer(Adversary):
    """Serves images and libraries of its own choice. It has no key: who carries them to the pump has."""

    position = "update-server"
    says = "chooses the bytes, the digest and the order that an honest carrier announces and brings to the pump"

    def serve(self, who: str, what: str, size: int) -> None:
        """Have the terminal of `who` carry one of SERVED, a chunk a second."""
        stage = self._stage
        image = stage.random.randbytes(size)
        brought = stage.random.randbytes(size) if what == "other" else image
        chunks = [(place, brought[place : place + CHUNK]) for place in range(0, size, CHUNK)]
        announced = 10**6 if what == "too_long" else size
        if what == "truncated":
            del chunks[-1]
        elif what == "late_chunk":
            chunks.insert(0, chunks.pop())
        elif what == "longer":
            chunks.append((size // CHUNK * CHUNK + CHUNK, stage.random.randbytes(CHUNK)))
        elif what == "changed_again":
            chunks += [(place, stage.random.randbytes(len(data))) for place, data in chunks]
        self._carry(who, [(r.KIND_STAGE, announced, sha256(image).digest())]
                    + [(r.KIND_CHUNK, place, data) for place, data in chunks])  # fmt: skip

    def serve_library(self, who: str, what: str, number: int) -> None:
        """Have the terminal of `who` carry one of LIBRARIES, under that number."""
        self._bring_library(who, pharmacy.both(), what, number)

    def _bring_library(self, who: str, signed: list[Prover], what: str, number: int) -> None:
        loose = pharmacy.numbered(self._stage.world.library, number, pharmacy.LOOSE)
        provers = {
            "unsigned": [],
            "forged": [pharmacy.prover(pharmacy.STRANGER, named) for named in pharmacy.PHARMACISTS.values()],
        }.get(what, signed)
        class_id = pharmacy.OTHER_CLASS if what == "for_another_class" else pharmacy.CLASS
        self._carry(who, carried(pharmacy.signed(loose, number, provers, class_id)))

    def _carry(self, who: str, requests: list[tuple[int, int, bytes]]) -> None:
        stage = self._stage
        waiting = list(requests)
        due_ms = stage.now_ms

        def step() -> bool:
            nonlocal due_ms
            if waiting and stage.now_ms >= due_ms:
                kind, number, data = waiting.pop(0)
                message = stage.terminals[who].ask(
                    kind, stage.challenge, stage.pump_s + GOOD_FOR_S, {1: number, 2: data}
                )
                stage.wire.attack(message)
                due_ms += 1000 * _SECONDS
            return bool(waiting)

        self._reach(ACCESS)
        self._reach(STRIKE)
        stage.each_tick(step)


class StolenSigningKey(UpdateServer):
    """Has one pharmacist's key besides: it was left on a shared machine."""

    position = "stolen-signing-key"
    says = "has one pharmacist's signing key, and chooses what an honest carrier brings to the pump"

    def sign_library(self, who: str, what: str, number: int) -> None:
        """Have the terminal of `who` carry one of STOLEN, under that number."""
        first, second = pharmacy.PHARMACISTS.values()
        own = pharmacy.prover(first)
        more = {"one_signature_twice": [own], "one_and_forged": [pharmacy.prover(pharmacy.STRANGER, second)]}
        self._bring_library(who, [own, *more.get(what, [])], what, number)
