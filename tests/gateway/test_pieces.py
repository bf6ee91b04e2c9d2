"""Parts of the clients that need no broker: counters, the terminal's lock, entries, log records, files, errands."""

from __future__ import annotations

import json
import multiprocessing
import os
import struct
from pathlib import Path
from typing import Any

import pytest

from firmware.therapy import records as rec
from firmware.trust import roles as r
from firmware.trust import verdict as v
from hal import ports
from simulator.files.programme import find_programme, load_programme
from simulator.files.yaml_source import FileProblem
from simulator.gateway import events, prescription, words
from simulator.gateway.answer import Answer
from simulator.gateway.errands import ANSWER_S, Errands
from simulator.gateway.problem import GatewayError
from simulator.gateway.pump_log import entries
from simulator.gateway.terminal import TerminalFolder
from simulator.site.counters import LAST, PER_S, next_counter
from simulator.site.files import Site, SiteError
from simulator.trust_client import Fact, digest_of

ENTRIES = ("drug=sodium chloride 0.9%", "care_area=ward", "mode=continuous", "dose_rate=100 mL/h", "vtbi=500 mL")


def _count(path: Path, found: Any) -> None:
    found.put([next_counter(path, 1000.0) for _ in range(50)])


def test_counters_rise_over_processes_and_are_never_used_twice(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    found: Any = context.Queue()
    others = [context.Process(target=_count, args=(tmp_path / "counter", found)) for _ in range(2)]
    for one in others:
        one.start()
    lists = [found.get(timeout=60) for _ in others]
    for one in others:
        one.join()
    assert all(one == sorted(one) for one in lists)
    assert len({counter for one in lists for counter in one}) == 100


def test_counters_follow_the_clock_and_never_its_way_back(tmp_path: Path) -> None:
    path = tmp_path / "counter"
    first = next_counter(path, 1000.0)
    assert first == 1000 * PER_S
    assert next_counter(path, 10.0) == first + 1  # the clock was set back
    assert next_counter(path, 2000.0) == 2000 * PER_S
    path.write_bytes(b"00")  # torn
    assert next_counter(path, 3000.0) == 3000 * PER_S
    with pytest.raises(SiteError, match="run out"):
        next_counter(path, (LAST + 1) / PER_S)


def test_a_counter_that_cannot_be_kept_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SiteError, match="cannot be written"):
        next_counter(tmp_path / "file" / "counter", 1000.0)


def terminal(tmp_path: Path) -> TerminalFolder:
    (tmp_path / "clients" / "terminal-1").mkdir(parents=True, exist_ok=True)
    return TerminalFolder(Site(tmp_path), "terminal-1")


def test_a_terminal_in_use_says_by_whom_and_is_free_afterwards(tmp_path: Path) -> None:
    one = terminal(tmp_path)
    says = rf"kvo ctl watch \(process {os.getpid()}\).*--terminal"
    with one.in_use("kvo ctl watch"), pytest.raises(GatewayError, match=says), \
            terminal(tmp_path).in_use("kvo ctl pause"):
        pytest.fail("two at one terminal")
    with one.in_use("kvo ctl pause"):
        pass
    with pytest.raises(SiteError, match="there is no client"):
        TerminalFolder(Site(tmp_path), "../../etc")


def test_entries_are_what_the_programme_of_the_same_prescription_enters() -> None:
    library = prescription.library_of("ward")
    by_file = prescription.of_programme(load_programme(find_programme("fluid-bolus")))
    by_name = prescription.of_entries([*ENTRIES, "bolus.volume=250 mL", "bolus.rate=999 mL/h", "weight=70 kg"], library)
    assert by_name.fields == by_file.fields
    assert by_name.fields[ports.FIELD_DOSE_MILLI] == 100_000


def test_steps_go_apart_and_a_syringe_with_its_code() -> None:
    made = prescription.of_programme(load_programme(find_programme("oxytocin-steps")))
    assert len(made.steps) > 1
    assert not {ports.FIELD_STEP_DOSE_MILLI, ports.FIELD_STEP_S} & set(made.fields)
    syringe = prescription.of_programme(load_programme(find_programme("norepinephrine-8h")))
    assert syringe.fields[ports.FIELD_SYRINGE] == 5


def test_steps_as_entries_are_the_steps_of_a_programme() -> None:
    programme = load_programme(find_programme("oxytocin-steps"))
    text = ", ".join(f"{step.dose_rate} for {step.time} s" for step in programme.therapy.steps)
    made = prescription.of_entries(
        [f"drug={programme.drug.name}", f"care_area={programme.drug.care_area}", "mode=steps", f"steps={text}",
         "confirm_soft=true"], programme.library,
    )  # fmt: skip
    assert made.steps == prescription.of_programme(programme).steps


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("drug=sodium chlorid 0.9%",), r"^drug: .*did you mean 'sodium chloride 0.9%'"),
        (("mode=continous",), r"^mode: .*did you mean 'continuous'"),
        (("dose_rate=100",), r"^dose_rate: .*no unit"),
        (("dose_rate=100 mg/h",), r"^dose_rate: "),
        (("dose_rate=900 mL/h",), r"^dose_rate: .*soft limit.*confirm_soft=true"),
        (("dose_rate=1e9 mL/h",), r"^dose_rate: "),
        (("dose_rate",), "no entry; write name=value"),
        (("dose_rte=1 mL/h",), r"^dose_rte: .*did you mean 'dose_rate'"),
        (("vtbi=1 mL", "vtbi=2 mL"), r"^vtbi: is given twice"),
        (("bolus=5 mL",), r"^bolus: "),
        (("bolus.volume.x=5 mL",), r"^bolus"),
        (("syringe=bd-61",), r"^syringe: .*did you mean 'bd-60'"),
        (("weight=2 g",), r"unit"),
        (("steps=rubbish",), r"^steps: "),
    ],
)
def test_what_is_wrong_with_entries_is_said_by_name(change: tuple[str, ...], says: str) -> None:
    names = {one.partition("=")[0] for one in change}
    kept = [one for one in ENTRIES if one.partition("=")[0] not in names]
    with pytest.raises(FileProblem, match=says) as caught:
        prescription.of_entries([*kept, *change], prescription.library_of("ward"))
    assert "\n" not in str(caught.value)


def test_a_new_rate_is_in_the_unit_of_the_drug_that_runs() -> None:
    library = prescription.library_of("ward")
    saline = next(drug for drug in library.drugs if drug.name == "sodium chloride 0.9%")
    assert prescription.titration("120 mL/h", saline.code, library) == 120_000
    for text, code, says in (
        ("5 ug/kg/min", saline.code, "is dosed in mL/h, not in ug/kg/min"),
        ("120", saline.code, "no unit"),
        ("120 mL/h", 9999, "does not have the drug that runs, 9999"),
        ("120 mL/h", 0, "no drug runs there"),
    ):  # fmt: skip
        with pytest.raises(FileProblem, match=says):
            prescription.titration(text, code, library)


def test_every_code_and_kind_has_words() -> None:
    assert set(words.CODES) == set(range(v.CODES))
    for code in range(1, v.CODES):
        assert words.remedy_of(code, 0), words.name_of(code)
        assert getattr(v, f"REFUSED_{words.name_of(code)}") == code
    assert set(words.KINDS) == {kind for kind in range(64) if r.Roles().knows(kind)}
    assert words.name_of(99) == "code 99"


def test_an_answer_says_what_to_do() -> None:
    ok = Answer(r.KIND_TITRATE, bytes(8), v.OK)
    held = Answer(r.KIND_TITRATE, bytes(range(8)), v.OK, 2)
    refused = Answer(r.KIND_PREPARE, bytes(8), v.REFUSED_STATE, 3)
    none = Answer(r.KIND_PAUSE, bytes(8), None)
    assert (ok.is_ok, ok.waits_for_second, ok.remedy) == (True, False, "")
    assert held.waits_for_second
    assert "0001020304050607" in str(held)
    assert "hard limit" in str(refused)
    assert "no answer" in str(none)
    assert json.loads(json.dumps(refused.as_json()))["name"] == "STATE"
    late = Answer(r.KIND_TIME, bytes(8), v.REFUSED_EXPIRED)
    assert "never goes back" in late.remedy


def test_records_of_a_log_have_words() -> None:
    rows = [
        (1, rec.REC_STATE, 1, 0, 0, 100, 6, 1, 0), (2, rec.REC_GRANT, 4, 0, 0, 200, 4, 120_000, 100_000),
        (3, rec.REC_ALARMS, 4, 0, 2, 300, 1, 1 << 9, 0), (4, 99, 77, 9, 9, 400, -5, 2, 3),
    ]  # fmt: skip
    page = b"".join(struct.pack(rec.RECORD_FORMAT, *row) for row in rows)
    found = entries(page)
    assert [one.sequence for one in found] == [1, 2, 3, 4]
    assert found[1].says == "granted: new rate 120 mL/h (was 100)"
    assert found[2].says == "alarms shown: downstream occlusion, somebody asks for a pause"
    assert "kind 99" in found[3].says
    with pytest.raises(ValueError, match="no whole number"):
        entries(page[:-1])


def test_files_are_bounded_and_private_and_a_full_disk_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "LARGEST", 200)
    files = events.JsonLines(tmp_path / "events")
    for number in range(20):
        assert files.add("pump", [{"number": number}])
    assert files.last("pump") == {"number": 19}
    kept = sorted(path.name for path in (tmp_path / "events").iterdir())
    assert kept == ["pump.jsonl", "pump.jsonl.1"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "events").iterdir())
    with open(tmp_path / "events" / "pump.jsonl", "ab") as file:
        file.write(b'{"number": 2')  # the power went
    assert files.last("pump") == {"number": 19}
    assert files.last("nobody") == {}
    (tmp_path / "file").write_text("")
    blocked = events.JsonLines(tmp_path / "file")
    assert not blocked.add("pump", [{}, {}])
    assert blocked.lost == 2


class Service:
    """A key service that makes requests anybody could read."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def time_request(self, pump_id: str, challenge: bytes, pump_s: int) -> bytes:
        self.asked.append(("time",))
        return b"time" + bytes([len(self.asked)])

    def read_request(self, pump_id: str, kind: int, challenge: bytes, pump_s: int, since: int) -> bytes:
        self.asked.append(("log", since))
        return b"log" + bytes([len(self.asked)])


class Watch:
    audit = None
    session = b"one"
    pump_s = 5


def _page(since: int, sequences: list[int], on: int) -> Fact:
    rows = b"".join(struct.pack(rec.RECORD_FORMAT, one, rec.REC_STATE, 1, 0, 0, 0, 0, 0, 0) for one in sequences)
    return Fact(5, 1, 1, {1: since, 2: rows, 3: on})


def test_errands_tell_the_time_once_a_session_and_page_through_the_log() -> None:
    service: Any = Service()
    watch: Any = Watch()
    errands = Errands("00", service, 0, 60.0)
    message = errands.next(watch, 0.0)
    assert service.asked == [("time",)]
    assert errands.next(watch, 1.0) == b""  # one at a time
    assert errands.answered(bytes(8), v.OK) is None  # somebody else's
    assert errands.answered(digest_of(message), v.OK) == v.OK
    message = errands.next(watch, 2.0)
    assert service.asked[-1] == ("log", 0)
    assert errands.take_page(_page(40, [40], 0)) == []  # asked for by another, from elsewhere
    fresh = errands.take_page(_page(0, [1, 2, 3], 4))
    errands.answered(digest_of(message), v.OK)
    errands.keep(fresh)
    message = errands.next(watch, 3.0)
    assert service.asked[-1] == ("log", 4)
    fresh = errands.take_page(_page(4, [4, 5], 0))
    errands.answered(digest_of(message), v.OK)
    errands.keep(fresh)
    assert errands.sequence == 5
    assert errands.next(watch, 4.0) == b""
    watch.session = b"two"
    assert errands.next(watch, 5.0).startswith(b"time")


def test_an_errand_that_is_refused_or_not_answered_waits_and_is_tried_again() -> None:
    service: Any = Service()
    watch: Any = Watch()
    errands = Errands("00", service, 7, 60.0)
    message = errands.next(watch, 0.0)
    assert errands.answered(digest_of(message), v.REFUSED_BUSY) == v.REFUSED_BUSY
    assert errands.next(watch, 1.0).startswith(b"log")
    assert service.asked[-1] == ("log", 8)
    assert errands.next(watch, 1.0 + ANSWER_S) == b""  # no answer came: both wait
    assert errands.next(watch, 40.0).startswith(b"time")
