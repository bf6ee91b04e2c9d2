"""What the bare board carries of the host is what the host has."""

import re

import pytest

from firmware.therapy import alarms as al
from firmware.therapy import heads, layout, tables
from firmware.therapy.library import read_library
from hal import ports
from hal.bare import demo, desk, keys, names, plant, programmes
from hal.bare.board import BareBoard
from hal.bare.library import LIBRARY, drug_name
from simulator import names as words
from simulator.files.library import compile_library, load_library
from simulator.files.programme import shipped_libraries
from simulator.plant import PlantConfig
from tools import bare_tables


def test_the_made_files_are_not_stale():
    assert bare_tables.stale() == []


def test_a_stale_file_is_found(tmp_path, monkeypatch):
    copy = tmp_path / "names.py"
    copy.write_text(bare_tables.NAMES.read_text().replace("air in line", "air on line"))
    monkeypatch.setattr(bare_tables, "NAMES", copy)
    assert bare_tables.stale() == ["names.py"]


def test_every_code_has_the_name_that_people_read_elsewhere():
    for code, said in words.ALARMS.items():
        assert names.name(names.ALARMS, code).decode() == said
        assert names.PRIORITIES[code] == al.traits(code) & 3
    for code, said in words.MESSAGES.items():
        assert names.name(names.MESSAGES, code).decode() == said
    assert tuple(name.decode() for name in names.DELIVERY) == tables.DELIVERY_NAMES
    assert tuple(name.decode() for name in names.TRUST) == tables.TRUST_NAMES
    assert names.name(names.ALARMS, 99) == names.name(names.TRUST, -1) == b"?"


def test_the_library_is_the_shipped_one_and_the_firmware_reads_it():
    assert compile_library(load_library(shipped_libraries()[bare_tables.LIBRARY_NAME])) == LIBRARY
    library = read_library(BareBoard(ports.HEAD_SYRINGE).store, ports.AREA_LIBRARY)
    assert library.entries == 20
    assert drug_name(101) == b"norepinephrine" and drug_name(9) == b"?"


@pytest.mark.parametrize(("place", "policy"), [(0, layout.POLICY_SUSTAIN), (1, layout.POLICY_KVO)])
def test_the_programmes_name_drugs_of_the_library(place, policy):
    fields = dict(programmes.PROGRAMMES[place])
    library = read_library(BareBoard(ports.HEAD_SYRINGE).store, ports.AREA_LIBRARY)
    entry = library.find(fields[ports.FIELD_DRUG], fields[ports.FIELD_CARE_AREA])
    assert entry.policy == policy and entry.allows(layout.MODE_CONTINUOUS)
    assert entry.lower_soft <= programmes.dose_milli(place) <= entry.upper_soft
    assert programmes.CONTINUOUS == layout.MODE_CONTINUOUS


def test_geometry_is_the_firmware_s_and_the_line_the_simulator_s():
    code, _, barrel, step = heads.SYRINGES[-1]
    assert (code, barrel, step) == (desk.SYRINGE_60_ML, plant.SYRINGE_UM, plant.SYRINGE_STEP)
    assert plant.VOLUMETRIC_STEP == heads.VOLUMETRIC_STEP
    config = PlantConfig(head=ports.HEAD_VOLUMETRIC)
    assert 1000 * config.compliance_ul_mmhg * config.resistance_mmhg_s_ul == plant.TAU_MS
    assert config.compliance_ul_mmhg == 1, "a µL in the line is a mmHg"
    assert 1000 * config.siphon_resistance_mmhg_s_ul == plant.SIPHON_MS
    assert (
        config.vein_mmhg, config.head_mmhg, config.stall_mmhg,
    ) == (plant.VEIN_MMHG, plant.BAG_MMHG, plant.STALL_MMHG)  # fmt: skip
    assert (1000 * config.drop_ul, 1000 * config.air_gate_ul) == (plant.DROP_NL, plant.AIR_GATE_NL)


def test_each_key_stands_once_and_its_words_fit():
    typed = [row[0] for row in keys.KEYS]
    assert len(set(typed)) == len(typed)
    assert all(len(row[0]) == 1 and len(row[5]) <= 58 and row[5] for row in keys.KEYS)
    assert all((b"\x1b" not in row[0] and row[0] not in b"[OA") or row[0] == b"O" for row in keys.KEYS)


def test_the_demo_presses_keys_that_there_are_in_order_of_time_and_says_what_fits_a_line():
    seconds = [row[0] for row in demo.SCRIPT]
    assert seconds == sorted(seconds) and seconds[-1] < demo.LASTS_S
    assert {row[0] for row in demo.SYRINGE_SCRIPT} <= set(seconds)
    for _, key, on, story in demo.SCRIPT + demo.SYRINGE_SCRIPT:
        assert on in (0, 1)
        assert not key or keys.place_of(key[0]) >= 0
        assert len(story) <= 79
        assert not story or re.fullmatch(rb" [ -~]+[.]", story), story
