"""The fuzzer's oracles: quiet on the shipped room, loud on each planted fault; and the command's refusals."""

import importlib.util

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from firmware.trust.cbor import Refused
from firmware.trust.cose import TAG_MAC0, open_message
from tools.cli import app
from tools.fuzz import campaign, run
from tools.fuzz.measure import LINES_EVERY, MEMORY_EVERY, Found
from tools.fuzz.mutants import PLANTED
from tools.fuzz.oracles import Forger, edited
from tools.fuzz.run import TARGETS
from tools.fuzz.seeds import MADE, seeds
from tools.fuzz.targets import target

SHIPPED = {name: target(name) for name in TARGETS}
FINDS = {
    "no bounds": b"\x81" * 9 + b"\x00",
    "memory before a look": b"\x9a\x00\x3f\xff\xff\x00",
    "an exception that leaks": b"\x62\xc0\x80",
    "no look at what follows": b"\x00\x00",
    "a form that is not the shortest": b"\x18\x00",
    "as much of a MAC as was sent": b"\x40\x03\x02\x00\x1f",
    "a MAC cut to 16 bytes": b"\x40\x03\x03\x1f\x00",
    "CCM without its tag": b"\x00\x03\x00\x00",
    # Messages: how the pump stands, then acts.
    "the MAC is not checked": b"\x04\x01\x00\x01\x00<\x01",
    "one byte of the MAC is checked": b"\x04\x02\x00\x03\x01\x00\x03\x01",
    "nobody is revoked": b"\x04\x04\x06\x0b\x00\x00",
    "shifts do not end": b"\x0c\x00\x00",
    "requests do not expire": b"\x04\x04\x00\x0b(\x00",
    "a counter without a window": b"\x04\x04\x01\x0b\x14\x00\x04\x01\x0b\x08\x00",
    "the challenge is not looked at": b"\x04\x00\x0b\x00\x08",
    "no role table": b"\x00\x04\x00\x01\x00\x12",
    "one person is two": b"\x04\x00\x01\x05\x01",
    "an approval is of anything": b"\x04\x00\x01\x04\x02\x05\x00\t",
    "arguments are not held against the kind": b"\x04\x04\x02\x06\x00\x02\x04\x02\x06\x00\x1c",
    "messages of any length": b"\x04\x07\x04\x04\xd1\x84@\xa0",
    "a key id that leaks an exception": b"\x04\x02\x00\x00\x01\x00\x05\x81",
    "memory for what a frame says": b"\x04\x08\x04\xff\xff\x00\x00\x01",
    "a message of no length is waited for": b"\x04\x08\x04\x00\x00\x00\x00\x01\x00\x08",
    "a late counter is not used up": b"\x04\x04\x01\x0b\x14\x00\x04\x01\x0b\x08\x00\x04\x01\x0b\x08\x00",
    "work that grows with the square": b"\x04\x07\x03\x04\xd1\x84@\xa0",
    # MQTT: the state, then acts.
    "a parser without a length bound": b"\x03\x06\x30\x09\x07\x07",
    "no answer is late": b"\x02",
    "retained requests are taken": b"\x02\x06\x04\x01\x07\x07",
    "a topic is taken whatever its case": b"\x02\x06\x02\x01\x07\x07",
    "a welcome at any time": b"\x03\x02\x00\x00\x060\x01\x07\x07",
    "a length past the packet's end is believed": b"\x03\x060\x01\x07\x07",
    "one poll reads all that there is": b"\x03\x060\x01\x07\x07",
}
# What was found, and is mended.
FOUND = [("cose", bytes.fromhex("020500d2"))]  # a message with a MAC, tagged as one with a signature
LEAKS = {"an exception that leaks": UnicodeDecodeError, "a key id that leaks an exception": Refused}


def test_the_lists_of_targets_agree():
    assert set(TARGETS) == set(run.LONGEST) == set(campaign.SLICE)
    assert set(PLANTED) == {*FINDS, "a wait without end"}


@pytest.mark.parametrize("name", TARGETS)
def test_the_shipped_room_stands_every_seed(name):
    inputs = list(seeds(name))
    assert len(inputs) >= 3
    for data in inputs:
        SHIPPED[name](data)


@pytest.mark.parametrize("name", TARGETS)
@given(st.binary(max_size=200))
@settings(max_examples=100)
def test_the_shipped_room_stands_anything(name, data):
    SHIPPED[name](data)


@pytest.mark.parametrize(("name", "data"), FOUND)
def test_what_was_found_is_found_no_more(name, data):
    SHIPPED[name](data)


def test_a_broker_that_says_much_is_not_the_pumps_memory():
    for _ in range(2 * MEMORY_EVERY):
        SHIPPED["mqtt"](bytes.fromhex("3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a7b7b"))


@pytest.mark.parametrize("mutant", FINDS)
def test_a_planted_fault_is_found(mutant):
    SHIPPED[PLANTED[mutant]](FINDS[mutant])
    check = target(PLANTED[mutant], mutant)
    with pytest.raises(LEAKS.get(mutant, Found)):
        for _ in range(2 * max(LINES_EVERY, MEMORY_EVERY)):  # memory and work are measured now and then
            check(FINDS[mutant])


@given(st.binary(max_size=60), st.binary(max_size=30))
def test_edits_are_bounded(data, edits):
    assert len(edited(data, edits)) <= len(data) + 17 * (len(edits) // 3)
    assert edited(data, b"") == data


@given(st.binary(min_size=1, max_size=60))
def test_a_forger_sends_bytes_and_with_no_edit_the_message(data):
    forger = Forger()
    assert isinstance(forger.send(data), bytes)
    assert forger.send(bytes([data[0] & 0x3F])) == MADE[(data[0] & 0x3F) % len(MADE)][0]


@pytest.mark.parametrize("part", range(4))
def test_a_message_with_an_edited_part_is_well_formed(part):
    sent = Forger().send(bytes([0x40, part]))
    assert sent == MADE[0x40 % len(MADE)][0]
    cut = Forger().send(bytes([0x40, 3, 2, 0, 31]))
    assert open_message(cut, TAG_MAC0).proof == b""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["cbr"], "did you mean 'cbor'"),
        (["cbor", "--mutant", "no bound"], "did you mean 'no bounds'"),
        (["cbor", "--runs", "0"], "--runs"),
    ],
)
def test_a_wrong_word_is_refused_with_the_right_one(arguments, says):
    done = CliRunner().invoke(app, ["fuzz", *arguments])
    assert done.exit_code == 2
    assert says in done.output


def test_without_the_fuzzer_the_command_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    done = CliRunner().invoke(app, ["fuzz", "cbor"])
    assert done.exit_code == 2
    assert "kvo[fuzz]" in done.output


def test_a_corpus_that_cannot_be_kept_is_said(tmp_path):
    pytest.importorskip("atheris")
    (tmp_path / "file").write_text("")
    done = CliRunner().invoke(app, ["fuzz", "cbor", "--corpus", str(tmp_path / "file" / "folder")])
    assert done.exit_code == 2


def test_a_run_keeps_what_it_reached(tmp_path):
    pytest.importorskip("atheris")
    result = run.fuzz("cbor", 400, keep=tmp_path)
    assert (result.runs, result.found) == (400, None)
    assert len(list(tmp_path.iterdir())) > len(list(seeds("cbor")))


def test_what_is_found_is_handed_back():
    pytest.importorskip("atheris")
    result = run.fuzz("ccm", 5_000, mutant="CCM without its tag")
    assert result.found is not None
    assert "a forged text is opened" in result.said
    with pytest.raises(Found):
        target("ccm", "CCM without its tag")(result.found)
