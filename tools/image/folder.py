"""Writes an image to a folder: whole or not at all, and never over what is not an image's."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from pathlib import Path

from tools.image.image import FORMAT, MANIFEST, Image, ImageProblem


def write_image(image: Image, folder: Path) -> None:
    """Write the image's files and manifest to `folder`, in place of an older image.

    Raises ImageProblem where something else is there, or nothing can be written; what was there
    then stays as it was.
    """
    try:
        _refuse_a_strangers(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise ImageProblem(f"{folder}: cannot be written ({error.strerror}); name another folder with --out") from None
    try:
        made.chmod(0o755)
        for path, data in {**image.files, MANIFEST: image.manifest()}.items():
            (made / path).parent.mkdir(parents=True, exist_ok=True)
            (made / path).write_bytes(data)
        _put_in_place(made, folder)
    except OSError as error:
        raise ImageProblem(f"{folder}: cannot be written ({error.strerror}); name another folder with --out") from None
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _put_in_place(made: Path, folder: Path) -> None:
    """Rename `made` to `folder`; an older image is moved aside first, and back where that fails."""
    aside = made.with_name(made.name + "-old")
    moved = False
    with contextlib.suppress(FileNotFoundError):
        os.rename(folder, aside)
        moved = True
    try:
        os.rename(made, folder)
    except OSError:
        if moved:
            os.rename(aside, folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _refuse_a_strangers(folder: Path) -> None:
    """ImageProblem unless `folder` is absent, empty, or holds an image and nothing besides."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise ImageProblem(f"{folder} is no folder; name another with --out")
    ours = _files_of(folder)
    for path in folder.rglob("*"):  # the first is enough: this may be somebody's whole disk
        name = path.relative_to(folder).as_posix()
        if name not in ours and not path.is_dir():
            raise ImageProblem(f"{folder} holds what is no image's ({name}); empty it, or name another with --out")


def _files_of(folder: Path) -> set[str]:
    """The files of an image that lies in `folder`; none where no manifest can be read."""
    try:
        said = json.loads((folder / MANIFEST).read_bytes())
        if said["format"] != FORMAT:
            return set()
        return {MANIFEST, *(str(one["path"]) for one in said["files"])}
    except (OSError, ValueError, KeyError, TypeError):
        return set()
