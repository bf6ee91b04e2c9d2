"""The catalogue: complete, sound, and every kind does something and can be taken back."""

import re

import pytest

from hal import ports
from simulator.faults import KINDS, PLACES, Kind, Parameter, kind_of
from simulator.faults.kind import Layers
from simulator.files.yaml_source import Refusal
from tests.faults.pumps import SYRINGE, VOLUMETRIC, infusing
from tools import faults_doc


def test_every_port_and_partition_has_faults():
    assert len(KINDS) >= 60
    assert {kind.where for kind in KINDS.values()} == set(PLACES)


def test_every_field_of_readings_and_drive_can_be_wrong():
    text = (faults_doc.PAGE.parent.parent / "simulator" / "faults" / "sensors.py").read_text(encoding="utf-8")
    unsensed = {"flags", "key", "key_value", "stored_seq", "rtc_s", "battery_mv"}
    assert [field for field in ports.Readings.__slots__ if field not in unsensed and f'"{field}"' not in text] == []
    for flag in (name for name in dir(ports) if name.startswith("RF_") and name != "RF_SENSOR_FAULT"):
        assert f"ports.{flag}" in text, flag


def test_names_and_sentences_are_of_one_kind():
    for kind in KINDS.values():
        assert re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", kind.name), kind.name
        assert kind.says[0].islower() and kind.says[-1] != "."
        for parameter in kind.parameters:
            assert parameter.take(parameter.default) == parameter.default
            assert parameter.name not in ("at", "fault", "for", "every", "times", "chance", "jitter", "note")


def test_the_page_shows_the_catalogue():
    assert faults_doc.check(), "run `python -m tools.faults_doc` and commit docs/faults.md"


def test_a_page_without_its_marks_is_noticed(tmp_path):
    path = tmp_path / "faults.md"
    path.write_text(f"{faults_doc.BEGIN}\n| stale |\n{faults_doc.END}\n", encoding="utf-8")
    assert not faults_doc.check(path)
    assert faults_doc.check(faults_doc.write(path))
    with pytest.raises(ValueError, match="marks"):
        faults_doc.page("nothing")


def test_a_kind_belongs_to_a_place():
    with pytest.raises(ValueError, match="no place"):
        Kind("x_y", "nowhere", "z", lambda world, values: None)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("head", [SYRINGE, VOLUMETRIC])
def test_each_strikes_a_running_pump_and_is_taken_back(name, head):
    with infusing(head) as world:
        world.inject(name)
        assert (name in world.faults.active) == KINDS[name].lasts
        world.run(world.clock.ms + 3_000)
        if KINDS[name].lasts:
            world.clear(name)
        assert not world.faults.active and not world.board.filters
        world.run(world.clock.ms + 2_000)


def test_an_unknown_name_or_value_is_refused():
    with pytest.raises(Refusal, match="did you mean 'relay_open'"):
        kind_of("relay_opne")
    with infusing() as world:
        for name, given in (
            ("relay_open", {"by": 3}), ("encoder_jump", {"to": 3}), ("encoder_jump", {"by": "3 mL"}),
            ("encoder_jump", {"by": True}), ("key_stuck", {"key": "strat"}), ("tick_late", {"last": "2 h"}),
        ):  # fmt: skip
            with pytest.raises(ValueError):
                world.inject(name, **given)
        with pytest.raises(ValueError, match="not there"):
            world.clear("relay_open")
        assert not world.faults.active


def test_values_are_numbers_in_the_unit_or_text_with_it():
    offset = Parameter("by", "mmhg", -150, -1_600, 1_600, "how far")
    assert offset.take(-60) == offset.take("-60 mmHg") == offset.read("-60 mmHg") == -60
    with pytest.raises(Refusal, match="unit"):
        offset.read(-60)
    with pytest.raises(Refusal, match="out of range"):
        offset.take(-2_000)


def test_two_faults_on_one_flag_end_in_any_order():
    class Part:
        rc = 0

    part, layers = Part(), Layers()
    first = layers.set(part, "rc", 1)
    second = layers.set(part, "rc", 2)
    first()
    assert part.rc == 2
    second()
    assert part.rc == 0
