"""What the commands share on the terminal: results on standard output, the rest on standard error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, Protocol

import typer

BAD_INPUT = 2


class Advance(Protocol):
    """Moves a bar on; `says` stands beside it from then on."""

    def __call__(self, done: float, total: float, says: str = "") -> None: ...



PASSPHRASE_FILE = typer.Option(
    "--passphrase-file", help="File with the key store's passphrase, if it lies elsewhere.", dir_okay=False,
    exists=True,
)  # fmt: skip


def phrase_in(path: Path | None) -> str | None:
    """The passphrase in a file, None where none is named."""
    return None if path is None else path.read_text(encoding="utf-8").rstrip("\n")


def fail(line: str, code: int = BAD_INPUT) -> NoReturn:
    """Say in one line on standard error what is wrong and what to do, and end with `code`."""
    typer.echo(line, err=True)
    raise typer.Exit(code)


@contextmanager
def progress(what: str) -> Iterator[Advance]:
    """A bar on standard error (drawn on terminals alone); yields `advance(done, total)`."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)

        def advance(done: float, total: float, says: str = "") -> None:
            bar.update(task, completed=done, total=total, description=f"{what}: {says}" if says else what)

        yield advance


def write_json(path: Path, data: Any) -> None:
    """Write `data` as JSON; one line and exit 2 where the file cannot be written."""
    write_text(path, json.dumps(data, indent=2, ensure_ascii=False) + "\n", "--json")


def write_text(path: Path, text: str, option: str) -> None:
    """Write `text`; one line, which names the `option`, and exit 2 where the file cannot be written."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"{path}: cannot be written ({error.strerror}); name another file with {option}")


def clock(seconds: float) -> str:
    """Seconds of a run as h:mm:ss."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
