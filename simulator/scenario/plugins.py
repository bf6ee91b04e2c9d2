"""Loads a suite's own verbs from a Python file: whoever trusts it names it, since it is run; no scenario can."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from simulator.files.yaml_source import FileProblem


def add_verbs(path: Path) -> None:
    """Run the file, whose @action classes add themselves. FileProblem where it fails or adds what is refused."""
    name = "kvo_verbs_" + "".join(letter if letter.isalnum() else "_" for letter in str(path.resolve()))
    if name in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(name, path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise FileProblem(path, 1, "there is no such Python file", "name a .py file whose classes are marked @action")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        line = getattr(error, "lineno", None) or _line_in(path, error)
        raise FileProblem(path, line, f"{type(error).__name__}: {error}", "mend the file, then try again") from error


def _line_in(path: Path, error: Exception) -> int:
    """The line of the file in which an exception came up."""
    trace, line = error.__traceback__, 1
    while trace is not None:
        if Path(trace.tb_frame.f_code.co_filename) == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
