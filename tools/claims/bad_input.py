"""Claim `bad-input`: a bad file is refused in one clear line, with exit code 2 and nothing run."""

import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from simulator.files.library import load_library
from simulator.files.programme import load_programme
from simulator.files.yaml_source import FileProblem
from tools.claims.bad_files import GOOD_LIBRARY, GOOD_PROGRAMME, LIBRARY, ROWS
from tools.claims.registry import Outcome, claim

MAX_LINE = 800  # a message longer than this is read by nobody
COMMANDS = {LIBRARY: ("library", "check"), "programme": ("run",)}


def _shipped(kind, path):
    return load_library(path) if kind == LIBRARY else load_programme(path)


def _plain(_kind, path):
    """A mutant: YAML as the package reads it, and nothing checked."""
    with open(path, "rb") as file:
        return yaml.safe_load(file.read(4096))


def _wordy(kind, path):
    """A mutant: refuses, but over several lines and without naming the place."""
    try:
        return _shipped(kind, path)
    except FileProblem as problem:
        raise ValueError(f"invalid\n{problem.what}") from None


def lay_out(folder, row):
    """Write a row's bad file, and a good library beside it; returns the bad file's path."""
    _name, kind, edit, _line, _phrase = row
    (folder / "library.yaml").write_text(GOOD_LIBRARY, encoding="utf-8")
    text = edit(GOOD_LIBRARY if kind == LIBRARY else GOOD_PROGRAMME)
    path = folder / "bad.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def fault_in(message, path, row):
    """What is wrong with a refusal, or None: one line, the file, the line, the reason and a remedy."""
    _name, _kind, _edit, line, phrase = row
    if "\n" in message or "\r" in message or len(message) > MAX_LINE:
        return "not one line"
    if not message.startswith(f"{path}:"):
        return "does not name the file"
    number, _, said = message[len(str(path)) + 1 :].partition(": ")
    if not number.isdigit() or (line is not None and int(number) != line):
        return f"names line {number}, not {line}"
    if "; " not in said or phrase not in said:
        return f"says not {phrase!r}, or no remedy: {said}"
    return None


def _refused(load, path, row):
    """What is wrong with how the loader treats a row, or None."""
    try:
        load(row[1], path)
    except FileProblem as problem:
        return fault_in(str(problem), path, row)
    except Exception as error:  # anything else is a traceback to a person
        return f"{type(error).__name__}, not a refusal"
    return "accepted"


def refused_by_command(path, row):
    """As `_refused`, for the command line: exit code 2, one line on stderr, nothing on stdout."""
    command = [sys.executable, "-c", "from tools.cli import main; main()", *COMMANDS[row[1]], str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode != 2 or done.stdout:
        return f"the command leaves with {done.returncode} and {len(done.stdout)} characters on stdout"
    return fault_in(done.stderr.strip("\n"), path, row)


def _by_command(deep):
    """Rows to go through the command line: all with --deep, else one of each kind past a limit."""
    wanted = {row[0] for row in ROWS} if deep else {"limits out of order", "past the hard limit"}
    return [row for row in ROWS if row[0] in wanted]


@claim(
    "bad-input",
    "A bad file is refused in one line that names file, line and remedy, with exit code 2; nothing is run.",
    mutants={"accepts": lambda: _plain, "wordy": lambda: _wordy},
)
def bad_input(deep, subject, report):
    """Every row of bad_files.py through the loader, and some (with --deep all) through the command."""
    load, off = subject or _shipped, []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        good = folder / "good.yaml"
        lay_out(folder, ROWS[0])
        good.write_text(GOOD_PROGRAMME, encoding="utf-8")
        load(LIBRARY, folder / "library.yaml")  # the good texts must pass, or the rows show nothing
        load("programme", good)
        for done, row in enumerate(ROWS):
            wrong = _refused(load, lay_out(folder, row), row)
            if wrong:
                off.append(f"{row[0]}: {wrong}")
            report(done + 1, len(ROWS))
        commands = _by_command(deep) if subject is None else []
        for row in commands:
            wrong = refused_by_command(lay_out(folder, row), row)
            if wrong:
                off.append(f"{row[0]} (command): {wrong}")
    figure = f"{len(ROWS)} bad files, {len(commands)} of them by command, {len(off)} not refused clearly"
    return Outcome(not off, figure, {"off": off})
