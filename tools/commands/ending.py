"""Ends a command that runs on and on in order: at Ctrl-C, and where it is told to terminate."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Coroutine
from typing import Any

import typer


def run_until_ended(work: Coroutine[Any, Any, None]) -> None:
    """Run `work` to its end, to Ctrl-C or to SIGTERM; what it has begun (a broker) it ends in each case."""

    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        with contextlib.suppress(NotImplementedError):  # a system without signals
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        await work

    try:
        asyncio.run(main())
    except (KeyboardInterrupt, asyncio.CancelledError):
        typer.echo("")
