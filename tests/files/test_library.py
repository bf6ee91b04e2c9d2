"""Drug libraries: the shipped ones, their bytes, and what the firmware makes of them."""

import pytest

from firmware.therapy.library import Library as FirmwareLibrary
from hal.compat import crc32
from simulator.files import library, quantity
from simulator.files.programme import json_schema, shipped_libraries
from simulator.files.yaml_source import FileProblem
from tools.claims.bad_files import GOOD_LIBRARY

SUSTAINED = {"norepinephrine", "epinephrine", "vasopressin", "phenylephrine", "dopamine", "dobutamine", "milrinone"}


@pytest.fixture(params=sorted(shipped_libraries()))
def shipped(request):
    return library.load_library(shipped_libraries()[request.param])


def test_at_least_two_libraries_of_twenty_drugs():
    loaded = [library.load_library(path) for path in shipped_libraries().values()]
    assert len(loaded) >= 2
    assert len({drug.name for found in loaded for drug in found.drugs}) >= 22
    assert {drug.policy for found in loaded for drug in found.drugs} == set(library.POLICIES)
    assert {mode for found in loaded for drug in found.drugs for mode in drug.modes} == set(library.MODES)


def test_vasopressors_and_inotropes_are_sustained(shipped):
    for drug in shipped.drugs:
        assert (drug.policy == "sustain") == (drug.name in SUSTAINED or drug.name in ANAESTHETICS.get(shipped.name, ()))


ANAESTHETICS = {"Anaesthesia": ("propofol", "remifentanil")}


def test_one_name_has_one_code_in_every_library():
    codes, names = {}, {}
    for path in shipped_libraries().values():
        for drug in library.load_library(path).drugs:
            assert codes.setdefault(drug.name, drug.code) == drug.code
            assert names.setdefault(drug.code, drug.name) == drug.name


def test_the_bytes_say_what_the_file_says(shipped):
    header, entries = library.decode_library(shipped.data)
    assert header["sequence"] == shipped.file.sequence
    for drug, entry in zip(shipped.drugs, entries, strict=True):
        assert entry["name"] == drug.name
        assert entry["upper_hard"] == drug.dose.upper_hard.milli
        assert quantity.UNIT_CODES[drug.unit] == entry["unit"]
        assert entry == library.entry_fields(drug, shipped.file.care_areas) | {"name": drug.name}


def test_the_firmware_reads_the_bytes(shipped):
    read = FirmwareLibrary(shipped.data)
    assert read.entries == len(shipped.drugs)
    for drug in shipped.drugs:
        entry = read.find(drug.code, shipped.care_area_code(drug.care_area))
        assert entry.policy == library.POLICIES[drug.policy]
        assert [mode for mode, code in library.MODES.items() if entry.allows(code)] == [
            mode for mode in library.MODES if mode in drug.modes
        ]


def test_damaged_bytes_are_no_library(shipped):
    for place in (0, 5, len(shipped.data) // 2, len(shipped.data) - 1):
        damaged = bytearray(shipped.data)
        damaged[place] ^= 0x10
        try:
            header, _entries = library.decode_library(bytes(damaged))
        except ValueError:
            continue
        assert place == 5 and header["reserved"], place


def test_an_example_compiles_to_the_same_bytes_each_time(tmp_path):
    path = tmp_path / "library.yaml"
    path.write_text(GOOD_LIBRARY, encoding="utf-8")
    assert library.load_library(path).data == library.load_library(path).data
    assert crc32(b"123456789") == 0xCBF43926  # the check value of CRC-32


def test_a_file_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(FileProblem, match=r"nothing\.yaml:1: there is no such file; "):
        library.load_library(tmp_path / "nothing.yaml")


def test_the_schema_names_every_key():
    schema = json_schema("library")
    assert set(schema["properties"]) == set(library.LibraryFile.model_fields)
    assert set(schema["$defs"]["Drug"]["required"]) >= {"source", "why", "policy", "dose"}
