"""Evidence that the same sources make the same image, wherever and whenever, in whatever process."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from simulator.homes import mpy
from tools.claims.registry import Outcome, Report, claim
from tools.image.folder import write_image
from tools.image.image import Image, make_image
from tools.image.targets import BOARDS, STARTS, TARGETS
from tools.pool import spawned

# A board with nothing on it, so that there is one that no part's driver can hide.
SMALLEST = "smallest"
_BOARD = "from hal import ports\n\nHEAD = ports.HEAD_SYRINGE\n\n\ndef make_board():\n    return HEAD\n"
# Deep, and of another length.
_FOLDERS = ("a", "somewhere/else/by a longer name")
Make = Callable[[str, str, Path], Image]


def tree(folder: Path, board: str = _BOARD) -> Path:
    """Copy what runs on a device to `folder`, with a board hal/smallest of the source `board`; return `folder`."""
    for room in ("firmware", "hal"):
        without = shutil.ignore_patterns("__pycache__")
        shutil.copytree(mpy.ROOT / room, folder / room, ignore=without, copy_function=shutil.copyfile)
    for path in {path for start in STARTS.values() for path in start.more}:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(mpy.ROOT / path, folder / path)
    package = folder / "hal" / SMALLEST
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "board.py").write_text(board)
    return folder


def boards(root: Path) -> dict[str, str]:
    """The boards that the tree at `root` has, by name."""
    named = {**BOARDS, SMALLEST: SMALLEST}
    return {name: package for name, package in named.items() if (root / "hal" / package / "board.py").is_file()}


def as_shipped(target: str, board: str, root: Path) -> Image:
    """The image."""
    return make_image(target, board, root, boards(root))


def stamped(target: str, board: str, root: Path) -> Image:
    """A mutant: says when it was made."""
    image = as_shipped(target, board, root)
    said = f"# Made at {time.time_ns()}\n".encode()
    return replace(image, files={**image.files, "main.py": image.files["main.py"] + said})


def placed(target: str, board: str, root: Path) -> Image:
    """A mutant: tracebacks name the file where it was compiled."""
    image = as_shipped(target, board, root)
    files = {
        path.removesuffix(".py") + ".mpy": mpy.compile_source(str(root / path), source)
        for path, source in image.sources.items()
    }
    return replace(image, files={**image.files, **files})


def shuffled(target: str, board: str, root: Path) -> Image:
    """A mutant: a program whose lines come in the order of a set."""
    image = as_shipped(target, board, root)
    said = "".join(f"# {path}\n" for path in set(image.files)).encode()
    return replace(image, files={**image.files, "main.py": image.files["main.py"] + said})


def digests(make: Make, root: Path, targets: list[str], names: list[str] | None = None) -> dict[str, str]:
    """Make images from a copy of the sources at `root`, write them, read them back: SHA-256 by file.

    `names`: of the boards, None for each that there is.
    """
    tree(root)
    found = {}
    for board in sorted(boards(root)) if names is None else names:
        for target in targets:
            folder = root / "out" / f"{target}-{board}"
            write_image(make(target, board, root), folder)
            for path in folder.rglob("*"):
                if path.is_file():
                    name = f"{target}-{board}/{path.relative_to(folder).as_posix()}"
                    found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


@claim(
    "build-reproducible",
    "An image that is made twice from the same sources, in two folders and two processes, is the same to the byte, for "
    "each board.",
    mutants={
        "a time in a file": lambda: stamped,
        "a folder in a file": lambda: placed,
        "an order that changes": lambda: shuffled,
    },
)
def build_reproducible(deep: bool, subject: Any, report: Report) -> Outcome:
    """Each board for one target, for all where `deep`; of a mutant one board. HomeError without mpy-cross."""
    targets = list(TARGETS) if deep else list(TARGETS)[:1]
    make: Make = as_shipped if subject is None else subject
    names = None if subject is None else [SMALLEST]
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for done, name in enumerate(_FOLDERS, 1):
            with spawned(1) as pool:  # a new seed for hashes
                found.append(pool.submit(digests, make, Path(folder) / name, targets, names).result())
            report(done, len(_FOLDERS))
    first, second = found
    differ = sorted(path for path in first.keys() | second.keys() if first.get(path) != second.get(path))
    images = {path.split("/")[0] for path in first}
    figure = f"{len(images)} images of {len(first)} files, {len(differ)} differ"
    return Outcome(not differ and bool(first), figure, {"images": sorted(images), "differ": differ})
