"""Makes tools/claims/lms_vectors.json anew: `python -m tools.lms_vectors [FILE]` (minutes; wants the extra `site`).

The RFCs' own test cases stay as they are; beside them go signatures by pyhsslms, which shares no code with the
firmware, of every SHA-256 set at heights 5 and 10.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("claims") / "lms_vectors.json"
WIDTHS = (24, 32)
DIGITS = (1, 2, 4, 8)


def make_key(n: int, height: int, digit_bits: int, levels: int = 1) -> Any:
    """A key of pyhsslms: `n` bytes of SHA-256, trees of `height`, `levels` of them."""
    import pyhsslms

    return pyhsslms.HssPrivateKey(
        levels=levels,
        lms_type=getattr(pyhsslms, f"lms_sha256_m{n}_h{height}"),
        lmots_type=getattr(pyhsslms, f"lmots_sha256_n{n}_w{digit_bits}"),
    )


def sign(key: Any, name: str, skip: int = 0) -> dict[str, str]:
    """One signature over the set's name, by the leaf after `skip` others."""
    for _ in range(skip):
        key.sign(b"")
    message = f"KVO, {name}".encode()
    signature = key.sign(message)
    return {
        "source": name, "public_key": key.publicKey().serialize().hex(), "message": message.hex(),
        "signature": signature.hex(),
    }  # fmt: skip


def sets(heights: tuple[int, ...]) -> Iterator[tuple[str, int, int, int]]:
    """Name, bytes, height and bits of a digit of each SHA-256 set."""
    for height in heights:
        for n in WIDTHS:
            for bits in DIGITS:
                yield f"pyhsslms, SHA-256/{8 * n}, height {height}, W{bits}", n, height, bits


def main(path: Path) -> None:
    """Write the file."""
    published = json.loads(FILE.read_text(encoding="utf-8"))["published"]
    made = []
    for name, n, height, bits in sets((5, 10)):
        made.append(sign(make_key(n, height, bits), name, skip=(2**height * 5) // 7))
        print(name, flush=True)
    for levels in (2, 3):
        made.append(sign(make_key(24, 5, 4, levels), f"pyhsslms, SHA-256/192, height 5, W4, {levels} levels"))
    path.write_text(json.dumps({"published": published, "made": made}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FILE)
