"""`python -m firmware`: what it takes, what it refuses, and what it writes where nobody watches."""

import subprocess
import sys

import pytest

from firmware.__main__ import HELP, Options
from hal.bare.keys import KEYS
from hal.ports import HEAD_SYRINGE, HEAD_VOLUMETRIC
from simulator.homes.micropython import ROOT


def run(*arguments, **how):
    return subprocess.run(
        [sys.executable, "-m", "firmware", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120,
        check=False, stdin=subprocess.DEVNULL, **how,
    )  # fmt: skip


def test_options_are_read():
    options = Options(["--demo", "--speed", "60", "--seconds=90", "--head", "syringe", "--plain"])
    assert (options.demo, options.speed, options.seconds, options.head) == (True, 60, 90, HEAD_SYRINGE)
    assert options.plain and not options.wrong and not options.help
    assert Options([]).head == HEAD_VOLUMETRIC and Options(["-h"]).help


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--fast"], "there is no option --fast; --help lists them"), (["demo"], "no option demo"),
        (["--speed"], "not ''"), (["--speed", "7"], "1, 10, 60, or 0"), (["--seconds", "0"], "from 1 on"),
        (["--seconds", "-5"], "not '-5'"), (["--seconds", "1e9"], "not '1e9'"),
        (["--seconds=" + "9" * 40], "from 1 on"),
        (["--head", "pump"], "volumetric or syringe"), (["--head", "--demo"], "not '--demo'"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_remedy(words, said):
    assert said in Options(words).wrong
    done = run(*words)
    assert done.returncode == 2 and said in done.stdout and "Traceback" not in done.stderr


def test_help_teaches():
    done = run("--help")
    assert done.returncode == 0 and done.stdout.strip() == HELP
    assert "python -m firmware --demo" in HELP and max(map(len, HELP.splitlines())) <= 110


@pytest.mark.parametrize("head", ["volumetric", "syringe"])
def test_without_a_terminal_it_writes_lines_the_same_each_time(head):
    first, second = (run("--demo", "--seconds", "700", "--head", head) for _ in range(2))
    assert first.returncode == 0 and first.stderr == ""
    assert first.stdout == second.stdout and "\x1b" not in first.stdout
    assert "00:05:10  trust     normal -> offline" in first.stdout
    assert "00:10:00  trust     offline -> suspect" in first.stdout
    assert "00:11:00  infusing, suspect, 6.562 mL/h" in first.stdout or head == "syringe"


def test_without_a_demo_and_a_terminal_it_waits_out_its_time():
    done = run("--seconds", "20")
    assert done.returncode == 0 and done.stdout.splitlines()[-1].endswith("self-test -> standby")


def test_a_reader_who_leaves_ends_it_quietly():
    command = f"{sys.executable} -m firmware --demo | head -3"
    done = subprocess.run(
        command, shell=True, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert len(done.stdout.splitlines()) == 3 and done.stderr == ""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "<&- >&-"])
def test_closed_streams_end_it_in_time(closed):
    command = f"{sys.executable} -m firmware --demo --seconds 30 {closed}"
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0 and "Traceback" not in done.stderr


def test_a_full_disk_is_said():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "firmware", "--demo", "--seconds", "30"], cwd=ROOT, stdout=full,
            stderr=subprocess.PIPE, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    assert done.returncode == 1 and "No space left" in done.stderr and "Traceback" not in done.stderr


def test_keys_typed_into_a_pipe_are_taken():
    done = subprocess.run(
        [sys.executable, "-m", "firmware", "--seconds", "60"], cwd=ROOT, capture_output=True, timeout=120,
        check=False, input=b"h\x1b[Ck?",
    )  # fmt: skip
    assert b"forged bytes on the link" in done.stdout and b"turns the key switch on" in done.stdout
    assert b"counter" not in done.stdout


def test_the_page_lists_every_key():
    page = (ROOT / "docs" / "bare.md").read_text(encoding="utf-8")
    for row in KEYS:
        assert f"| `{row[0].decode()}` |" in page or row[0] == b" "
