"""The `faults:` list of a programme: strict, seeded, and the same each time."""

import pytest

from simulator.faults import KINDS
from simulator.files.faults import fault_events
from simulator.files.programme import json_schema, load_programme
from simulator.files.yaml_source import FileProblem
from simulator.world import World
from tools.claims.bad_files import GOOD_LIBRARY, GOOD_PROGRAMME
from tools.commands.faults import example

LINES = GOOD_PROGRAMME.count("\n")


@pytest.fixture
def load(tmp_path):
    """Load a good programme with these lines of faults."""
    (tmp_path / "library.yaml").write_text(GOOD_LIBRARY, encoding="utf-8")

    def loader(*items):
        path = tmp_path / "programme.yaml"
        faults = "faults:\n" + "".join(f"  - {item}\n" for item in items)
        path.write_text(GOOD_PROGRAMME + faults, encoding="utf-8")
        return load_programme(path)

    return loader


def strikes(programme, seed=0):
    return [
        (event.at_ms, event.verb, event.fault, dict(event.parameters))
        for event in fault_events(programme.faults, programme.duration_ms, seed)
    ]


def test_an_item_strikes_and_ends(load):
    programme = load("{at: 1 min, fault: down_pressure_offset, by: -60 mmHg, for: 30 s}")
    assert strikes(programme) == [
        (60_000, "inject", "down_pressure_offset", {"by": -60}),
        (90_000, "clear", "down_pressure_offset", {"by": -60}),
    ]


def test_it_comes_again_so_often_or_to_the_end(load):
    programme = load("{at: 1 min, fault: relay_open, for: 1 s, every: 10 s, times: 3}")
    assert [at for at, verb, *_ in strikes(programme) if verb == "inject"] == [60_000, 70_000, 80_000]
    programme = load("{at: 1 min, fault: tick_late, every: 10 min}")
    assert len(strikes(programme)) == (programme.duration_ms - 60_000) // 600_000 + 1


def test_chance_and_jitter_follow_the_seed_and_nothing_else(load):
    item = "{at: 1 min, fault: tick_late, every: 1 min, times: 40, chance: 0.5, jitter: 30 s}"
    programme = load(item)
    assert strikes(programme, 1) == strikes(programme, 1) != strikes(programme, 2)
    assert 8 < len(strikes(programme, 1)) < 32
    late = [at % 60_000 for at, *_ in strikes(programme, 1)]
    assert max(late) <= 30_000 and len(set(late)) > 5
    # Another item's luck does not shift this one's.
    other = load(item, "{at: 2 min, fault: relay_open, for: 1 s, every: 30 s, chance: 0.1}")
    assert [strike for strike in strikes(other, 1) if strike[2] == "tick_late"] == strikes(programme, 1)


@pytest.mark.parametrize(
    ("item", "phrase"),
    [
        ("{at: 1 min}", "the key 'fault' is missing"),
        ("{fault: relay_open}", "the key 'at' is missing"),
        ("relay_open", "a mapping is expected"),
        ("{at: 1 min, fault: relay_opne}", "did you mean 'relay_open'"),
        ("{at: 1 min, fault: relay_open, by: 3}", "'by' is not known here"),
        ("{at: 1 min, fault: encoder_jump, by: 3 mL}", "no whole number"),
        ("{at: 1 min, fault: encoder_jump, by: 999999999}", "out of range"),
        ("{at: 1 min, fault: down_pressure_offset, by: 60}", "has no unit"),
        ("{at: 1 min, fault: key_stuck, key: strat}", "did you mean 'start'"),
        ("{at: 1 min, fault: tick_late, for: 3 s}", "over at once"),
        ("{at: 1 min, fault: relay_open, for: 0 s}", "lasts no time"),
        ("{at: 400 h, fault: relay_open}", "after the end"),
        ("{at: 1 min, fault: tick_late, times: 3}", "needs 'every'"),
        ("{at: 1 min, fault: tick_late, every: 1 s, jitter: 2 s}", "before it is over"),
        ("{at: 1 min, fault: relay_open, for: 30 s, every: 20 s}", "before it is over"),
        ("{at: 1 min, fault: relay_open, every: 20 s}", "cannot come again"),
        ("{at: 1 min, fault: tick_late, every: 1 ms}", "more than 10000 strikes"),
        ("{at: 1 min, fault: relay_open, chance: 2}", "is no chance"),
        ("{at: 1 min, fault: relay_open, chance: 0}", "is no chance"),
        ("{at: 1 min, fault: relay_open, times: 0}", "write at least 1"),
    ],
)
def test_a_bad_item_is_one_line_with_a_remedy(load, item, phrase):
    with pytest.raises(FileProblem) as refused:
        load("{at: 30 s, fault: tick_late}", item)
    assert refused.value.line == LINES + 3
    assert phrase in str(refused.value) and refused.value.remedy


def test_what_is_no_list_is_refused(load, tmp_path):
    path = tmp_path / "programme.yaml"
    path.write_text(GOOD_PROGRAMME + "faults: {at: 1 h}\n", encoding="utf-8")
    with pytest.raises(FileProblem, match="write a list"):
        load_programme(path)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_what_kvo_faults_show_writes_is_taken(load, name):
    [planned] = load(example(KINDS[name]).replace("at: 1 h", "at: 1 min")).faults
    assert planned.kind.name == name
    assert planned.values == {parameter.name: parameter.default for parameter in KINDS[name].parameters}


def test_a_strike_ends_only_itself(load):
    programme = load(
        "{at: 10 s, fault: down_pressure_offset, by: 10 mmHg, for: 20 s}",
        "{at: 20 s, fault: down_pressure_offset, by: 20 mmHg, for: 20 s}",
    )
    with World(programme) as world:
        world.run(25_000)
        assert world.faults.active == {"down_pressure_offset": {"by": 20}}
        world.run(35_000)
        assert world.faults.active
        world.run(41_000)
        assert not world.faults.active


def test_the_same_seed_gives_the_same_bytes(load):
    programme = load("{at: 10 s, fault: down_pressure_noisy, every: 30 s, for: 5 s, chance: 0.5, jitter: 9 s}")
    digests = []
    for seed in (3, 3, 4):
        with World(programme, seed=seed) as world:
            world.run(300_000)
            digests.append((world.trace.digest(), world.happened))
    assert digests[0] == digests[1] != digests[2]


def test_the_schema_knows_every_kind_and_its_parameters():
    items = json_schema("programme")["properties"]["faults"]["items"]
    assert items["properties"]["fault"]["enum"] == list(KINDS)
    assert set(items["properties"]) >= {"at", "for", "every", "times", "chance", "jitter", "note"}
    branches = {branch["if"]["properties"]["fault"]["const"]: branch["then"]["properties"] for branch in items["allOf"]}
    assert set(branches["down_pressure_offset"]) == {"by"}
    assert branches["key_stuck"]["key"]["enum"][0] == "stop"
