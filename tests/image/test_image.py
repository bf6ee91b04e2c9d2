"""Images: what is in them, what is refused, what is told of their size, and that a folder holds one or the other."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from simulator.homes.base import HomeError
from simulator.homes.mpy import ROOT
from tools.claims.reproducible import SMALLEST, tree
from tools.image import fit, folder
from tools.image.image import Image, ImageProblem, make_image
from tools.image.resident import resident
from tools.image.targets import TARGETS

_BLOCK = 4096
BOARDS = {SMALLEST: SMALLEST}


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """An image of the smallest board."""
    return make_image("pico", SMALLEST, tree(tmp_path_factory.mktemp("tree")), BOARDS)


def test_it_holds_what_runs_on_a_board_and_nothing_else(image: Image) -> None:
    rooms = {"/".join(path.split("/")[:2]) for path in image.files}
    assert {"firmware/therapy", "firmware/trust", "firmware/comms", "firmware/app.mpy", "hal/smallest"} <= rooms
    assert {path for path in image.files if not path.endswith(".mpy")} == {"main.py"}
    assert not [path for path in image.files if path.startswith(("simulator", "tools", "tests", "scenarios"))]
    assert {path.split("/")[1] for path in image.files if path.startswith("hal/")} == {
        "__init__.mpy", "compat.mpy", "ports.mpy", SMALLEST,
    }  # fmt: skip
    assert "firmware/__main__.mpy" not in image.files


def test_it_starts_by_itself(image: Image) -> None:
    main = image.files["main.py"].decode()
    assert "from firmware.main import run\nfrom hal.smallest.board import make_board\n\nrun(make_board())\n" in main


def test_no_name_of_a_stand_in_or_a_folder_is_in_its_bytes(image: Image) -> None:
    bad = [
        (path, word)
        for path, data in image.files.items()
        for word in (b"simulator", b"standins", b"Scripted", str(ROOT).encode(), b"/tmp", b".py\0\0")
        if word in data
    ]
    assert bad == []


def test_its_manifest_is_canonical_and_true(image: Image) -> None:
    data = image.manifest()
    said = json.loads(data)
    assert data == json.dumps(said, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    assert [one["path"] for one in said["files"]] == sorted(image.files)
    for one in said["files"]:
        body = image.files[one["path"]]
        assert (one["length"], one["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())
    assert (said["target"], said["board"], said["small_int_bits"]) == ("pico", SMALLEST, 31)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("from simulator.standins.gatekeeper import ScriptedGatekeeper", "simulator.standins.gatekeeper"),
        ("import tools.cli", "tools.cli"),
        ("from hal import lockstep", "hal.lockstep"),
        ("def f():\n    from hal.host.clock import Clock", "hal.host.clock"),
        ("import firmware.nowhere", "firmware.nowhere"),
        ("from . import compat", "a relative import"),
        ("def f(:", "invalid syntax"),
        ("def f():\n    return [*a]", "mpy-cross refuses hal/smallest/board.py"),
    ],
)
def test_a_board_that_reaches_for_what_no_board_has_is_refused(tmp_path: Path, line: str, says: str) -> None:
    with pytest.raises((ImageProblem, HomeError)) as told:
        make_image("pico", SMALLEST, tree(tmp_path, line + "\n"), BOARDS)
    assert says in str(told.value) and "hal/smallest/board.py" in str(told.value)


def test_a_board_that_is_not_there_is_named(tmp_path: Path) -> None:
    there = tree(tmp_path)
    with pytest.raises(ImageProblem, match=r"hal/none/board\.py is missing; boards that there are: smallest"):
        make_image("pico", "none", there, {"none": "none", **BOARDS})


def padded(image: Image, path: str, count: int, target: str = "pico") -> Image:
    return Image(TARGETS[target], image.board, {**image.files, path: bytes(count)}, dict(image.sources))


def test_sizes_are_of_whole_blocks(image: Image) -> None:
    before = fit.weigh(image)
    after = fit.weigh(padded(image, "firmware/trust/extra.bin", 1))
    more = padded(image, "firmware/trust/extra.bin", 1)
    listed = -(-len(more.manifest()) // _BLOCK) - -(-len(image.manifest()) // _BLOCK)  # the manifest may fill one too
    assert after.flash_bytes - before.flash_bytes == (1 + listed) * _BLOCK
    files, size = before.rooms["firmware/trust"]
    assert after.rooms["firmware/trust"] == (files + 1, size + 1)
    assert after.live_bytes == before.live_bytes  # no bytecode
    assert sum(files for files, _ in before.rooms.values()) == len(image.files)


@pytest.mark.parametrize("target", TARGETS)
def test_what_fits_is_taken_and_the_rest_refused(image: Image, target: str) -> None:
    one = Image(TARGETS[target], image.board, image.files, image.sources)
    weighed = fit.weigh(one)
    fit.refuse_what_does_not_fit(one, weighed)
    big = padded(image, "firmware/table.bin", weighed.flash_room - weighed.flash_bytes + 1, target)
    with pytest.raises(ImageProblem, match="file system"):
        fit.refuse_what_does_not_fit(big, fit.weigh(big))
    left = (weighed.live_room - weighed.live_bytes) * 100 // fit.LIVE_PER_BYTE_PERCENT
    heavy = padded(image, "firmware/table.mpy", left + 100, target)
    with pytest.raises(ImageProblem, match=r"heap.*choose a larger board"):
        fit.refuse_what_does_not_fit(heavy, fit.weigh(heavy))
    later = padded(image, "firmware/update/table.mpy", left + 100, target)
    later.sources["firmware/update/table.py"] = b"TABLE = 1\n"
    fit.refuse_what_does_not_fit(later, fit.weigh(later))  # nobody loads it at boot


def there(place: Path) -> dict[str, bytes]:
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in place.rglob("*") if path.is_file()}


def test_a_folder_holds_the_image_and_then_the_next_one(image: Image, tmp_path: Path) -> None:
    out = tmp_path / "a" / "image"
    folder.write_image(padded(image, "firmware/old.mpy", 10), out)
    assert (out / "firmware" / "old.mpy").exists()
    folder.write_image(image, out)
    assert there(out) == {**image.files, "manifest.json": image.manifest()}
    assert [path.name for path in out.parent.iterdir()] == ["image"]


@pytest.mark.parametrize("name", ["notes.txt", "firmware/therapy/controller.py", "manifest.json"])
def test_what_is_no_image_s_is_left_alone(image: Image, tmp_path: Path, name: str) -> None:
    out = tmp_path / "image"
    if name != "manifest.json":
        folder.write_image(image, out)
    (out / name).parent.mkdir(parents=True, exist_ok=True)
    (out / name).write_text("mine")
    before = there(out)
    with pytest.raises(ImageProblem, match=name.replace(".", r"\.") + ".*--out"):
        folder.write_image(image, out)
    assert there(out) == before


def test_a_file_in_the_way_and_a_link_are_refused(image: Image, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path)
    for name in ("file", "link", "file/below"):
        with pytest.raises(ImageProblem, match="--out"):
            folder.write_image(image, tmp_path / name)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_disk_that_is_full_leaves_the_old_image(
    image: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "image"
    folder.write_image(image, out)
    real = Path.write_bytes

    def full(path: Path, data: bytes) -> Any:
        if path.name == "manifest.json":
            raise OSError(28, "No space left on device")
        return real(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ImageProblem, match="No space left on device"):
        folder.write_image(padded(image, "firmware/new.mpy", 10), out)
    assert there(out) == {**image.files, "manifest.json": image.manifest()}
    assert [path.name for path in tmp_path.iterdir()] == ["image"]


def test_what_is_loaded_at_boot_is_what_imports_at_the_top_reach() -> None:
    sources = {
        "main.py": b"import a.b\ntry:\n    from a import c\nexcept ImportError:\n    pass\n",
        "a/__init__.py": b"", "a/b.py": b"def f():\n    from a.d import g\n", "a/c.py": b"", "a/d.py": b"",
        "e.py": b"",
    }  # fmt: skip
    assert resident(sources, "main.py") == {"main.py", "a/__init__.py", "a/b.py", "a/c.py"}
