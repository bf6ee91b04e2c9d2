"""Images as `kvo build` makes them, of a few bytes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

MAIN_PY = "main.py"
MAIN = b"print('the pump')\n"


def make_image(folder: Path, files: dict[str, bytes] | None = None, **said: Any) -> Path:
    """An image as `kvo build` makes it."""
    if files is None:
        files = {MAIN_PY: MAIN, "firmware/app.mpy": b"M\x06app" * 300, "hal/pico/board.mpy": bytes(range(256)) * 4}
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    listed = [
        {"path": path, "length": len(data), "sha256": hashlib.sha256(data).hexdigest()} for path, data in files.items()
    ]
    manifest = {
        "format": "kvo-image/1", "target": "pico", "board": "bare", "micropython": "1.29", "bytecode": 6,
        "files": listed, **said,
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder
