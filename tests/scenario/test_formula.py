"""Formulas are read or refused with a remedy; the monitor gives the margins that the definition gives."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.files.yaml_source import Refusal
from simulator.scenario import monitors, plain
from simulator.scenario.formula import Node, Vocabulary
from simulator.scenario.formula_reader import MAX_UNTIL_S, read_formula
from simulator.scenario.signals import SIGNALS, VOCABULARY

KNOWN = Vocabulary({"x": "mL", "y": "mL", "p": "mmHg", "f": "mL/h", "e": "%"}, frozenset("ab"))

REFUSED = {
    "x": "'x' is a quantity, not a condition; compare it",
    "3 + 4": "names no signal",
    "1 < 2": "names no signal",
    "a < 1": "'a' is a condition, not a quantity",
    "always x": "compare it",
    "x < 3 mmHg": "3 mmHg is compared with what is in mL; write it in mL",
    "x == 1": "'==' has no margin",
    "x != 1": "'!=' has no margin",
    "x / y < 1": "only a number above 0 may divide",
    "x / 0 < 1": "only a number above 0 may divide",
    f"a until[0, {MAX_UNTIL_S + 1}] b": "costs minutes of computing; write it with 'eventually' and 'always'",
    "a since[2 min, 3 min] b": "a bounded 'since' over more than 10 s",
    "always[3, 1] a": "ends before it begins",
    "always[0.5, 1] a": "needs whole seconds",
    "always[0, 5 mL] a": "']' is missing",
    "alway a": "there is no signal 'alway'",
    "(a": "')' is missing before the formula's end",
    "a b": "goes on with 'b'",
    "x < y < 1": "goes on with '< 1'",
    "a and": "something is missing before the formula's end",
    "": "something is missing",
    "a & b": "'& b' is not understood",
    "until": "stands in the wrong place",
    "(" * 300 + "a": "nested deeper",
    "not " * 200 + "a": "nested deeper",
    "-" * 200 + "x < 1": "nested deeper",
    "a implies " * 90 + "a": "nested deeper",
    "a or " * 400 + "a": "the formula is too long",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_formula_is_refused(text):
    with pytest.raises(Refusal) as refused:
        read_formula(text, KNOWN)
    assert REFUSED[text] in str(refused.value)
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("text", "margin"),
    [
        ("x < 3 mL", 2.0),
        ("always (x + y * 2 < 20 mL)", 5.0),  # at the last sample: 3 + 2 * 6
        ("e > -5 %", 5.0),
        ("abs(x - y) < 10 mL", 7.0),
        ("always[0, 1 s] (x < 2.5 mL)", 0.5),
        ("eventually[0 min, 2 s] (x > 2.5 mL)", 0.5),
        ("a -> not b", 1.0),
        ("f < 1 mL/h and a", 1.0),
        ("a until (x >= 2)", 1.0),
    ],
)
def test_a_margin_by_hand(text, margin):
    values = {"a": [1.0, 1.0, 1.0], "b": [-1.0] * 3, "x": [1.0, 2.0, 3.0], "y": [4.0, 5.0, 6.0], "p": [0.0] * 3}
    values |= {"f": [0.0] * 3, "e": [0.0] * 3}
    formula = read_formula(text, KNOWN)
    assert monitors.margins(formula, values)[0] == margin
    assert plain.margin(formula, values) == margin


def _numbers(depth):
    leaf = st.sampled_from("xy").map(lambda name: Node("name", text=name, is_truth=False)) | st.sampled_from(
        ["0", "1", "2.5"]
    ).map(lambda text: Node("number", text=text, is_truth=False))
    if depth == 0:
        return leaf
    inner = _numbers(depth - 1)
    one = st.builds(lambda kind, x: Node(kind, (x,), is_truth=False), st.sampled_from(["abs", "minus"]), inner)
    two = st.builds(lambda kind, x, y: Node(kind, (x, y), is_truth=False), st.sampled_from("+-*"), inner, inner)
    return leaf | one | two


WINDOWS = st.none() | st.tuples(st.integers(0, 4), st.integers(0, 5)).map(lambda pair: (pair[0], sum(pair)))


def _truths(depth):
    compare = st.builds(
        lambda kind, x: Node(kind, (Node("name", text="x", is_truth=False), x)),
        st.sampled_from(["<", "<=", ">", ">="]), _numbers(1),
    )  # fmt: skip
    leaf = st.sampled_from("ab").map(lambda name: Node("name", text=name)) | compare
    if depth == 0:
        return leaf
    inner = _truths(depth - 1)
    kinds = st.sampled_from(["always", "eventually", "historically", "once"])
    timed = st.builds(lambda kind, window, p: Node(kind, (p,), window=window), kinds, WINDOWS, inner)
    spans = st.sampled_from(["until", "since"])
    span = st.builds(lambda kind, window, p, q: Node(kind, (p, q), window=window), spans, WINDOWS, inner, inner)
    logic = st.builds(
        lambda kind, p, q: Node(kind, (p, q)), st.sampled_from(["and", "or", "implies"]), inner, inner
    )
    return leaf | inner.map(lambda p: Node("not", (p,))) | timed | span | logic


TRACES = st.integers(1, 9).flatmap(
    lambda count: st.fixed_dictionaries(
        {name: st.lists(st.sampled_from([-1.0, 1.0]), min_size=count, max_size=count) for name in "ab"}
        | {name: st.lists(st.sampled_from([-3.0, 0.0, 1.0, 2.5]), min_size=count, max_size=count) for name in "xy"}
    )
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example])
@given(_truths(3), TRACES)
def test_the_monitor_gives_what_the_definition_gives(formula, values):
    """rtamt, as it is called here, against the semantics written out."""
    found = monitors.margins(formula, values)
    limit = monitors.NOTHING
    meant = [max(-limit, min(limit, plain.margin(formula, values, at))) for at in range(len(values["a"]))]
    assert found == pytest.approx(meant)


@settings(max_examples=300)
@given(st.lists(st.sampled_from([*"ab xy<>=()[]0123.,:-+*/%µ\0", "always ", "until", " and ", "not "]), max_size=30))
def test_any_text_is_read_or_refused(pieces):
    try:
        read_formula("".join(pieces), KNOWN)
    except Refusal as refused:
        assert refused.what and refused.remedy


@pytest.mark.parametrize("name", SIGNALS)
def test_the_monitor_takes_each_signal_by_its_name(name):
    text = name if name in VOCABULARY.conditions else f"{name} < 5"
    assert monitors.margins(read_formula(f"always ({text})", VOCABULARY), {name: [1.0, 1.0]})[0] > 0


@pytest.mark.parametrize(
    ("text", "can"),
    [
        ("always a", True),
        ("a or not a", False),
        ("x * 0 < 1", False),
        ("always (a implies a)", False),
        ("abs(x) > -1", False),
        ("always a or always not a", True),  # where it changes
        ("eventually[3 min, 4 min] (a and not b)", True),
    ],
)
def test_a_formula_that_cannot_fail_is_known(text, can):
    assert plain.can_fail(read_formula(text, KNOWN), KNOWN) is can


def test_implications_that_were_not_tried_are_told():
    formula = read_formula("always (a implies x < 1)", KNOWN)
    values = {"a": [-1.0, -1.0], "x": [0.0, 5.0]}
    assert [str(one) for one in monitors.idle(formula, values)] == ["a"]
    assert monitors.idle(formula, values | {"a": [-1.0, 1.0]}) == []


def test_the_worst_moment_of_an_always():
    values = {"x": [0.0, 3.0, 5.0, 2.0], "a": [1.0] * 4}
    assert monitors.worst(read_formula("always (x < 1)", KNOWN), values) == 2
    assert monitors.worst(read_formula("always (x < 1)", KNOWN), values, first=3) == 3
    assert monitors.worst(read_formula("eventually (x < 1)", KNOWN), values) is None
