"""Counters that only rise, whichever process asks: a file under a lock, and the clock for when the file is lost."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from simulator.site.files import PRIVATE_FILE, SiteError, make_folder

PER_S = 4  # counters in a second of site time; 32 bits of them last until 2054
LAST = 0xFFFFFFFF
_DIGITS = 10


def next_counter(path: Path, now_s: float) -> int:
    """The next counter kept in `path`: above the last, and above what a terminal with another file took long ago.

    now_s: site time. Nothing rests on the file's being whole: a lost or torn one begins at the clock again. SiteError
    where the file cannot be written or the counters have run out.
    """
    try:
        make_folder(path.parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            counter = max(_read(descriptor) + 1, int(now_s * PER_S), 1)
            if counter > LAST:
                raise SiteError(f"{path}: the counters have run out; raise the pumps' epoch, then remove the file")
            os.pwrite(descriptor, b"%0*d\n" % (_DIGITS, counter), 0)
        finally:
            os.close(descriptor)
    except OSError as wrong:
        raise SiteError(f"{path}: cannot be written ({wrong.strerror}); a request needs a counter that was kept, so "
                        "make room or mend the folder's permissions") from None  # fmt: skip
    return counter


def _read(descriptor: int) -> int:
    text = os.pread(descriptor, _DIGITS + 1, 0)
    return int(text) if len(text) == _DIGITS + 1 and text[:_DIGITS].isdigit() else 0
