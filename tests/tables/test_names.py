"""Names for people agree with the firmware's constants."""

import ast
import re
from pathlib import Path

import pytest

from firmware.therapy import tables as t
from simulator import state_names as names
from simulator.machines import DELIVERY, TRUST


def constants(start, end):
    """NAME = const(n) of tables.py between two comments, in order of their place."""
    source = Path(t.__file__).read_text(encoding="utf-8")
    part = source[source.index(start) : source.index(end) if end else len(source)]
    wanted = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            name = node.targets[0].id
            if re.search(rf"^{name} = ", part, re.MULTILINE):
                wanted[name] = node.value.args[0].value
    return wanted


@pytest.mark.parametrize(
    ("start", "end", "prefix", "tuple_"),
    [
        ("# Delivery states.", "# Delivery events.", "ST_", DELIVERY.states),
        ("# Delivery events.", "# Delivery guards", "EV_", names.DELIVERY_EVENTS),
        ("# Delivery actions", "DELIVERY = bytes", "A_", names.DELIVERY_ACTIONS),
        ("# Trust states", "# Trust events.", "TR_", TRUST.states),
        ("# Trust events.", "# Trust guards.", "EV_", names.TRUST_EVENTS),
        ("# Trust actions", "TRUST = bytes", "AT_", names.TRUST_ACTIONS),
    ],
)
def test_a_names_place_is_its_code(start, end, prefix, tuple_):
    expected = {prefix + name.upper(): code for code, name in enumerate(tuple_)}
    assert constants(start, end) == expected


@pytest.mark.parametrize(
    ("start", "end", "prefix", "tuple_"),
    [
        ("# Delivery guards", "# Delivery actions", "G_", names.DELIVERY_GUARDS),
        ("# Trust guards.", "# Trust actions", "GT_", names.TRUST_GUARDS),
    ],
)
def test_a_guards_place_is_its_bit(start, end, prefix, tuple_):
    found = constants(start, end)
    found.pop("G_ALWAYS", None)
    assert found == {prefix + name.upper(): 1 << bit for bit, name in enumerate(tuple_)}


def test_every_guard_has_its_sentence():
    for table in (DELIVERY, TRUST):
        assert len(table.guard_says) == len(table.guards)
