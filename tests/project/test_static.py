"""Lint, types and import contracts hold over the whole tree."""

import os
import subprocess
import sys

import pytest

from tools.check_portable import ROOT

# import-linter has no `python -m`; its command is this function.
CONTRACTS = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"


def _run(*arguments):
    """Run this interpreter with `arguments` in the project's root; output of both streams where it fails."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_ruff():
    pytest.importorskip("ruff")
    assert _run("-m", "ruff", "check", "--no-cache", "--output-format", "concise", ".") == ""


def test_types():
    pytest.importorskip("mypy")
    assert _run("-m", "mypy") == ""


def test_import_contracts():
    pytest.importorskip("importlinter")
    assert _run("-c", CONTRACTS) == ""


def test_portability_command():
    assert _run("-m", "tools.check_portable") == ""
