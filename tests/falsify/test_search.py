"""Where a search looks: it finds what chance misses, it follows its seed, and it stays within what may vary."""

from itertools import pairwise

import pytest

from simulator.falsify import search
from simulator.falsify.search import BATCH, GUIDED, RANDOM, Search
from simulator.files.vary import Freedom

AT = Freedom("replay at", ("timeline", 0, "at"), 60_000, 360_000, 120_000, "ms")
COUNT = Freedom("replay count", ("timeline", 0, "count"), 1, 20, 5)
FLAW = Freedom("forge flaw", ("timeline", 1, "flaw"), 0, 2, 1, choices=("expired", "no_mac", "changed"))


def look(freedoms, margin, runs, seed, how=GUIDED, moments=()):
    """Runs of a search over a margin that is a function: (values, why, margin)."""
    looking = Search(freedoms, runs, seed, moments, how)
    found = []
    while len(found) < runs:
        for one in looking.next(min(BATCH, runs - len(found))):
            found.append((one.values, one.why, margin(one.values)))
            looking.tell(*found[-1][::2])
    return found


def valley(values):
    """Lowest at 4 min 10 s, by the twelfth count, with one of the flaws."""
    return (
        abs(values["replay at"] - 250_000) / 50_000 + abs(values["replay count"] - 12) / 5 + (values["forge flaw"] != 2)
    )


def test_down_a_slope_it_comes_lower_than_chance():
    least = {how: [] for how in (GUIDED, RANDOM)}
    for how, found in least.items():
        for seed in range(8):
            found.append(min(margin for *_, margin in look([AT, COUNT, FLAW], valley, 60, seed, how)))
    assert sum(least[GUIDED]) < 0.75 * sum(least[RANDOM]) and min(least[GUIDED]) < 0.1


def test_a_narrow_window_beside_a_moment_is_hit():
    def margin(values):
        return -1.0 if 301_000 < values["replay at"] < 302_000 else 1.0

    for seed in range(5):
        found = look([AT], margin, 20, seed, moments=(90_000, 180_000, 301_000, 330_000))
        assert next(why for _, why, low in found if low < 0) == "moment"
        assert min(low for *_, low in look([AT], margin, 20, seed, RANDOM)) == 1.0


def test_while_all_is_equal_it_spreads_evenly():
    found = look([AT, COUNT], lambda values: 1.0, 40, 0)
    assert {why for _, why, _ in found} == {"spread"}
    times = sorted(values["replay at"] for values, *_ in found)
    gaps = [after - before for before, after in pairwise(times)]
    assert max(gaps) < 3 * (AT.high - AT.low) / 40
    assert len({values["replay count"] for values, *_ in found}) == 20


@pytest.mark.parametrize("how", [GUIDED, RANDOM])
def test_the_same_seed_looks_at_the_same_places(how):
    one, again, other = (look([AT, COUNT, FLAW], valley, 30, seed, how, (200_000,)) for seed in (3, 3, 4))
    assert one == again and one != other


@pytest.mark.parametrize("how", [GUIDED, RANDOM])
def test_it_stays_within_what_may_vary(how):
    for values, _, _ in look([AT, COUNT, FLAW], valley, 60, 1, how, (100, 60_000, 359_950, 900_000)):
        assert 60_000 <= values["replay at"] <= 360_000 and values["replay at"] % 100 == 0
        assert 1 <= values["replay count"] <= 20 and values["forge flaw"] in (0, 1, 2)


def test_runs_that_could_not_be_played_do_not_end_it():
    def margin(values):
        return None if values["replay at"] < 200_000 else valley(values)

    found = look([AT, COUNT, FLAW], margin, 40, 0)
    assert min(low for *_, low in found if low is not None) < 1.5


def test_without_optuna_the_remedy_is_told(monkeypatch):
    def missing():
        raise search.SearchUnavailable("pip install 'kvo[search]'")

    monkeypatch.setattr(search, "_optuna", missing)
    with pytest.raises(search.SearchUnavailable, match=r"kvo\[search\]"):
        search.check_available()
    assert len(look([AT], lambda values: 1.0, 4, 0, RANDOM)) == 4
