"""The demo on CPython and MicroPython; its hour is claim bare-demo. The board's share of a turn takes no memory."""

import json

import pytest

from firmware.therapy import tables as t
from hal.ports import HEAD_SYRINGE, HEAD_VOLUMETRIC
from simulator.homes import micropython as home
from tools.bare_pictures import FOLDER, MOMENTS, screen_at
from tools.claims import bare

QUARTER_S = 1000


@pytest.mark.parametrize("head", [HEAD_SYRINGE, HEAD_VOLUMETRIC])
def test_a_quarter_of_an_hour_is_the_same_on_cpython_and_micropython(head):
    ours = bare.in_cpython(QUARTER_S, head)
    assert ours == bare.in_micropython(QUARTER_S, head)
    assert bare.judge(ours, QUARTER_S) == []
    assert ours["boots"] == 2 and ours["trust"] == 0b111 and ours["panel_bytes"] > 10_000


@pytest.mark.parametrize("mutant", ["lets go", "leaks"])
def test_a_board_that_loses_the_dose_is_found_out(mutant):
    assert bare.judge(bare.in_cpython(QUARTER_S, HEAD_VOLUMETRIC, mutant), QUARTER_S)


def test_a_drug_that_stops_is_found_out():
    found = bare.in_cpython(1_800, HEAD_VOLUMETRIC, "stops when isolated")
    assert any(what.startswith("compromised: 0.000") for what in bare.judge(found, 1_800))


def test_the_demo_repeats_on_a_new_pump():
    found = bare.in_cpython(3_700, HEAD_VOLUMETRIC)
    assert found["rounds"] == 1 and found["boots"] == 5
    last = found["marks"][-1]
    assert last[0] >= 3_660 and last[3:] == [t.ST_INFUSING, t.TR_NORMAL] and 50_000 < last[1] < 200_000


@pytest.mark.parametrize(("mutant", "refused"), [((), 0), (("keeps",), 3_000)])
def test_the_board_s_share_of_a_turn_takes_no_memory(mutant, refused):
    script = bare.SCRIPT.with_name("bare_turns.py")
    found = json.loads(home.run_to_line(script, str(home.ROOT), *mutant, timeout_s=300))
    assert found["refused"] == refused
    assert found["states"] >> t.ST_INFUSING & 1 and found["states"] >> t.ST_STOPPED & 1


@pytest.mark.parametrize("name", MOMENTS)
def test_the_pictures_show_what_the_demo_shows(name):
    drawn = (FOLDER / f"{name}.svg").read_text(encoding="utf-8").replace("&#160;", " ")
    for line in screen_at(MOMENTS[name]).display:
        for words in line.split("  "):
            if len(words.split()) > 2:
                assert all(word in drawn for word in words.replace("<", "&lt;").replace(">", "&gt;").split()), words
