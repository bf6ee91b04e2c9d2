"""Programmes: the shipped ones, what a person enters for them, and what the firmware answers."""

import pytest

from firmware.therapy import messages, tables
from firmware.therapy.heads import SYRINGES, max_rate_ul_h
from firmware.therapy.library import Library as FirmwareLibrary
from firmware.therapy.prescribe import Prescriber, Request
from hal import ports
from simulator.files import programme
from simulator.files.therapy import BY_MODE
from simulator.files.yaml_source import FileProblem
from simulator.ideal import IdealPump
from tools.claims.bad_files import GOOD_LIBRARY, GOOD_PROGRAMME, swap


def load(name):
    return programme.load_programme(programme.shipped_programmes()[name])


@pytest.fixture
def write(tmp_path):
    """Write a programme beside a good library; returns its path."""
    (tmp_path / "library.yaml").write_text(GOOD_LIBRARY, encoding="utf-8")

    def writer(text):
        path = tmp_path / "programme.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return writer


def prescribe(loaded):
    """(message, Prescriber) of the firmware for a programme's entries."""
    read, request = FirmwareLibrary(loaded.library.data), Request()
    entered = loaded.keys()
    for key, value in entered:
        if key > ports.KEY_FIELD:
            assert request.enter(key - ports.KEY_FIELD, value)
    entry = read.find(request.get(ports.FIELD_DRUG), request.get(ports.FIELD_CARE_AREA))
    made = Prescriber(entry, loaded.head, max_rate_ul_h(loaded.head))
    return made.build(request, read), made


def test_every_mode_and_both_heads_are_shown():
    loaded = [load(name) for name in programme.shipped_programmes()]
    assert len(loaded) >= 10
    assert {found.therapy.mode for found in loaded} == set(BY_MODE)
    assert {found.head for found in loaded} == {ports.HEAD_SYRINGE, ports.HEAD_VOLUMETRIC}
    assert any(found.prime_ms for found in loaded)


@pytest.mark.parametrize("name", sorted(programme.shipped_programmes()))
def test_the_firmware_takes_what_the_host_lets_pass(name):
    loaded = load(name)
    assert loaded.name == name
    message, made = prescribe(loaded)
    assert message == messages.NONE
    assert made.soft == bool(loaded.soft)


def test_the_demo_is_what_its_story_says():
    demo = load("norepinephrine-8h")
    told = [(event.at_ms // 60_000, event.verb) for event in demo.events if event.kind != "people"]
    assert told == [
        (60, "link_down"), (120, "link_up"), (120, "authentic"), (150, "hostile"), (180, "compromised"),
        (181, "link_down"), (300, "occlude_downstream"), (307, "clear_occlusion"), (360, "link_up"), (360, "authentic"),
    ]  # fmt: skip
    assert (demo.patient.weight_g, demo.duration_ms) == (70_000, 8 * 3_600_000)
    _message, made = prescribe(demo)
    assert made.rx.vtbi_ul > made.rx.seg_rate_ul_h[0] * 8


def test_a_person_enters_fields_confirms_and_starts(write):
    keys = programme.load_programme(write(GOOD_PROGRAMME)).keys()
    assert keys[0] == (ports.KEY_PROGRAMME, 0)
    assert (ports.KEY_FIELD + ports.FIELD_DOSE_MILLI, 100) in keys
    assert (ports.KEY_FIELD + ports.FIELD_WEIGHT_G, 70_000) in keys
    assert keys[-2:] == [(ports.KEY_CONFIRM, 0), (ports.KEY_START, 0)]


def test_a_soft_limit_is_confirmed_twice_where_the_file_says_so(write):
    text = swap("dose_rate: 0.1 ug/kg/min", "dose_rate: 2 ug/kg/min")(GOOD_PROGRAMME)
    with pytest.raises(FileProblem, match="soft limit"):
        programme.load_programme(write(text))
    loaded = programme.load_programme(write(text + "confirm_soft: true\n"))
    assert loaded.keys().count((ports.KEY_CONFIRM, 0)) == 2
    assert "soft limit of 1 ug/kg/min" in loaded.soft[0]


def test_priming_is_held(write):
    keys = programme.load_programme(write(GOOD_PROGRAMME + "prime: 2 s\n")).keys()
    on, off = keys.index((ports.KEY_PRIME_ON, 0)), keys.index((ports.KEY_PRIME_OFF, 0))
    assert off - on == 21 and set(keys[on + 1 : off]) == {(ports.KEY_NONE, 0)}


def test_a_titration_is_an_entry_and_a_confirm(write):
    loaded = programme.load_programme(write(GOOD_PROGRAMME))
    titrated = loaded.events[-1]
    assert titrated.keys == ((ports.KEY_FIELD + ports.FIELD_TITRATE_MILLI, 200), (ports.KEY_CONFIRM, 0))
    assert (titrated.kind, titrated.line) == ("people", 19)


def test_programmes_are_found_by_name_or_path(write):
    assert programme.find_programme("norepinephrine-8h").name == "norepinephrine-8h.yaml"
    path = write(GOOD_PROGRAMME)
    assert programme.find_programme(str(path)) == path
    for nothing in ("norepinefrine-8h", "x" * 5000, "a\0b"):
        with pytest.raises(FileProblem, match="no such file"):
            programme.find_programme(nothing)


def test_a_fault_in_the_library_names_the_library(write, tmp_path):
    path = write(GOOD_PROGRAMME)
    (tmp_path / "library.yaml").write_text(swap("code: 101", "code: x")(GOOD_LIBRARY), encoding="utf-8")
    with pytest.raises(FileProblem, match=r"library\.yaml:8: "):
        programme.load_programme(path)


def test_the_schema_names_every_key():
    schema = programme.json_schema("programme")
    assert set(schema["properties"]) == set(programme.ProgrammeFile.model_fields)
    assert schema["$id"] == "kvo:programme/1"


@pytest.mark.parametrize("name", sorted(programme.shipped_programmes()))
def test_each_starts_on_an_ideal_board(name):
    loaded = load(name)
    pump = IdealPump(loaded.head, loaded.library.data)
    if loaded.syringe:
        pump.board.sensed.size_um = {row[0]: row[2] for row in SYRINGES}[loaded.syringe]
    for key, value in [*loaded.keys(), *[(ports.KEY_NONE, 0)] * 30]:
        pump.press(key, value)
    assert pump.state == tables.ST_INFUSING
    assert pump.status.drug == loaded.drug.code
