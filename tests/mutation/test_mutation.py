"""Mutants are what cosmic-ray would make, and each outcome says what it seems to."""

import json

import pytest

from tools.mutation import plan as plans
from tools.mutation import worker
from tools.mutation.mutants import OPERATORS, Mutant, mutants_of
from tools.mutation.plan import Found, Plan

SOURCE = '''"""Text."""

LIMIT = const(5)


class Thing:
    """A thing."""

    def __init__(self):
        self.x = 1

    def low(self, a, b):
        """Return a thing."""
        c = a
        if a < b and not c:
            self.x = a + 1
        self.x += 2
        self.touch(
            a,
            b,
        )
        return a if a > 3 else b
'''
TABLE = """    (
        EV_A, ST_B, G_ALWAYS, ST_C, A_D,
        EV_A, ST_B, G_SAFE | G_KEY, ST_C, A_D,
    )
"""


def changes(source=SOURCE):
    return {(one.place, one.line, one.becomes) for one in mutants_of("thing", source)}


def test_each_kind_of_change_is_made():
    made = changes()
    for place, line, becomes in (
        ("", "LIMIT = const(5)", "LIMIT = const(6)"),
        ("", "LIMIT = const(5)", "LIMIT = const(4)"),
        ("Thing.low", "if a < b and not c:", "if a <= b and not c:"),
        ("Thing.low", "if a < b and not c:", "if a >= b and not c:"),
        ("Thing.low", "if a < b and not c:", "if a < b or not c:"),
        ("Thing.low", "if a < b and not c:", "if a < b and c:"),
        ("Thing.low", "self.x = a + 1", "self.x = a - 1"),
        ("Thing.low", "self.x = a + 1", "pass"),
        ("Thing.low", "self.x += 2", "pass"),
        ("Thing.low", "self.touch( a, b, )", "pass"),
        ("Thing.low", "return a if a > 3 else b", "pass"),
        ("Thing.low", "return a if a > 3 else b", "return a if not a > 3 else b"),
        ("Thing.__init__", "self.x = 1", "self.x = 0"),
    ):
        assert (place, line, becomes) in made
    assert ("Thing.__init__", "self.x = 1", "pass") not in made
    assert ("Thing.low", "c = a", "pass") not in made
    assert not any('"""' in line for _, line, _ in made)


def test_every_mutant_is_python_differs_and_has_a_key_of_its_own():
    made = mutants_of("thing", SOURCE + SOURCE.replace("Thing", "Other"))
    assert len({one.key for one in made}) == len({one.source for one in made}) == len(made)
    for one in made:
        compile(one.source, "thing", "exec")


def test_a_row_is_left_out_or_loses_its_guard():
    made = [one for one in mutants_of("table", "ROWS = \\\n" + TABLE) if "EV_A" in one.line]
    assert [one.becomes for one in made if one.becomes == ""] == ["", ""]
    assert "EV_A, ST_B, 0, ST_C, A_D," in {one.becomes for one in made}
    assert len([one for one in made if ", 0, " in one.becomes]) == 1


def test_what_cosmic_ray_changes_is_changed_alike():
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.operators.provider import OperatorProvider

    ours = {"".join(one.source.split()) for one in mutants_of("thing", SOURCE)}
    provider = OperatorProvider()
    theirs = set()
    for name in OPERATORS:
        for occurrence in range(20):
            code = mutate_code(SOURCE, provider[name](), occurrence)
            if code is None:
                break
            theirs.add("".join(code.split()))
    assert theirs <= ours
    assert len(theirs) > 15


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (0, worker.SURVIVED), (1 << 8, worker.KILLED), (2 << 8, worker.KILLED), (3 << 8, worker.BROKEN),
        (4 << 8, worker.BROKEN), (5 << 8, worker.SURVIVED), (9, worker.TIMEOUT), (24, worker.TIMEOUT),
        (11, worker.KILLED),
    ],
)  # fmt: skip
def test_what_an_exit_says(status, says):
    """Exit 5, no test at all, finds nothing; 3 and 4 are the tests' own trouble; 24 is out of processor time."""
    assert worker.outcome(status) == says


def mutant(**values):
    fields = {"module": "m", "place": "f", "line": "a", "becomes": "b", "again": 0, "source": "s", "row": 1} | values
    return Mutant(**fields)


def test_reasons_for_nothing_and_nothing_for_a_reason_are_told():
    there = mutant()
    plan = Plan({"m": []}, (there,), {there.key: " ", mutant(line="gone").key: "equivalent"})
    assert plan.stale() == ["m | f | gone | b | 0"]
    assert plan.unexplained() == ["m | f | a | b | 0"]


def test_a_run_that_is_broken_off_keeps_what_it_found(tmp_path):
    path = tmp_path / "found.jsonl"
    Found(path).put("one", {"outcome": "killed"})
    with path.open("a") as file:
        file.write(json.dumps({"key": "two", "outcome": "survived"})[:20])
    again = Found(path)
    assert again.get("one") == {"key": "one", "outcome": "killed"}
    assert again.get("two") is None


def test_another_state_of_the_sources_is_another_run(tmp_path, monkeypatch):
    room = tmp_path / "firmware" / "room"
    room.mkdir(parents=True)
    for name, text in (("a", "from firmware.room import b"), ("b", "import firmware.c"), ("d", "")):
        (room / f"{name}.py").write_text(text)
    (tmp_path / "firmware" / "c.py").write_text("c = 1")
    test = tmp_path / "test_a.py"
    test.write_text("def test(): from firmware.room.a import x")
    monkeypatch.setattr(plans, "ROOT", tmp_path)
    seen = {plans.digest(["test_a.py"])}
    assert plans.digest(["test_a.py"]) in seen
    for path in (test, room / "a.py", room / "b.py", tmp_path / "firmware" / "c.py"):
        path.write_text(path.read_text() + "\n# other")
        assert plans.digest(["test_a.py"]) not in seen
        seen.add(plans.digest(["test_a.py"]))
    (room / "d.py").write_text("# nobody's")
    assert plans.digest(["test_a.py"]) in seen
    assert plans.digest([]) not in seen
    assert Found.key("x", mutant()) != Found.key("x", mutant(source="t"))
    assert Found.key("x", mutant()) != Found.key("y", mutant())


def test_every_module_has_tests_that_are_there():
    plan = plans.load(["engine"])
    assert {one.module for one in plan.mutants} == {"engine"}
    for tests in plans.read_covering().values():
        assert tests
        assert all((plans.ROOT / name.partition("::")[0]).exists() for name in tests)
