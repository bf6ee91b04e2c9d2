"""Takes evidence from a pump over its local port, and has it counter-signed. The pump's audit notes it, no more."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable

from simulator.devices.cards import SignCard
from tools.evidence.container import LOCAL, Container, counter_signed
from tools.evidence.problem import EvidenceProblem
from tools.provision.install import Line

PIECE = 256
NONCE = 16
MOST = 1 << 20  # bytes: no pump of ours has as much
PIECE_S = 30.0  # digests of whole slots are made between two pieces

Tell = Callable[[int], None]


def fetch(line: Line, nonce: bytes, tell: Tell = lambda done: None) -> bytes:
    """The pump's evidence, whole, and the pump told that it arrived. InstallProblem where the pump refuses."""
    line.ask(f"show {{}} {nonce.hex()}", "ok")
    evidence = b""
    while True:
        offset, piece = line.ask(f"get {{}} {len(evidence)}", "is", PIECE_S, 2)
        if int(offset) != len(evidence) or len(evidence) > MOST:
            raise EvidenceProblem(f"{line.url}: the pump answers something else than it was asked; begin again")
        data = b"" if piece == "-" else bytes.fromhex(piece)
        evidence += data
        tell(len(evidence))
        if len(data) < PIECE:
            break
    line.ask(f"kept {{}} {hashlib.sha256(evidence).hexdigest()}", "ok")
    return evidence


def take(
    line: Line, exporter: SignCard, taken_s: int, nonce: bytes | None = None, tell: Tell = lambda done: None
) -> tuple[Container, bytes]:
    """A counter-signed file of evidence, taken at unix time `taken_s`, and the nonce that it was asked with."""
    nonce = secrets.token_bytes(NONCE) if nonce is None else nonce
    return counter_signed(fetch(line, nonce, tell), taken_s, LOCAL, exporter), nonce
