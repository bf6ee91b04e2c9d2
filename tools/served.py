"""A device's end on TCP as a child process: MicroPython's unix port serving the lockstep link on 127.0.0.1."""

from __future__ import annotations

import contextlib
import selectors
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

from simulator.homes.base import HomeError
from simulator.homes.micropython import HEAP, ROOT, interpreter

DEVICE_TCP = ROOT / "simulator" / "homes" / "device_tcp.py"
_START_S = 30.0
_LAST_WORDS_S = 5.0


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def served(
    script: Path = DEVICE_TCP, *arguments: str, heap: str = HEAP, port: int = 0
) -> Iterator[int]:
    """Run `script` (arguments: root, TCP port, `arguments`) as long as the block lasts; yields the port, free if 0.

    HomeError where MicroPython is not to be had, or does not listen.
    """
    port = port or free_port()
    command = [*interpreter(), "-X", f"heapsize={heap}", str(script), str(ROOT), str(port), *arguments]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0
    )
    assert process.stdout is not None
    try:
        with selectors.DefaultSelector() as ready:
            ready.register(process.stdout, selectors.EVENT_READ)
            said = process.stdout.readline() if ready.select(_START_S) else b""
        if not said.startswith(b"listening"):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_LAST_WORDS_S)  # it has more to say
            process.kill()
            rest = (said + process.stdout.read()).decode("utf-8", "replace").strip()
            if "EADDRINUSE" in rest:
                raise HomeError(f"127.0.0.1:{port} is taken; name another TCP port")
            raise HomeError(f"the device's end did not start on TCP port {port}: {rest[-2000:]}")
        yield port
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
