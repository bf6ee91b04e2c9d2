"""An update server in somebody's hands: an honest carrier brings to the pump whatever it serves."""

from __future__ import annotations

from hashlib import sha256

from firmware.trust import roles as r
from firmware.trust.staging import CHUNK
from simulator.adversary.base import ACCESS, STRIKE, Adversary
from simulator.scenario.clock import GOOD_FOR_S

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
