"""Folding constants over a program: the same program, without the names that nobody reads."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from simulator.homes.fold import fold

NUMBERS = """\
from hal.compat import const

ONE = const(1)
MINUS = const(-3)
SUM = const(ONE + 4)
BIG = const(1 << 31)
_OWN = const(9)
"""
COMPAT = "def const(value):\n    return value\n"


def folded(**modules: str) -> dict[str, str]:
    """Modules of a package `p` by name, folded together with numbers.py and hal.compat."""
    sources = {f"p/{name}.py": text.encode() for name, text in {"numbers": NUMBERS, **modules}.items()}
    made = fold({"hal/compat.py": COMPAT.encode(), "p/__init__.py": b"", **sources})
    return {path.removeprefix("p/").removesuffix(".py"): data.decode() for path, data in made.items()}


def run(modules: dict[str, str], name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The namespace of module `name`, its fellows importable."""
    monkeypatch.setitem(sys.modules, "p", ModuleType("p"))
    for other in ("numbers", *(one for one in modules if one not in ("numbers", "__init__", "hal/compat", name)), name):
        module = ModuleType(f"p.{other}")
        monkeypatch.setitem(sys.modules, f"p.{other}", module)
        setattr(sys.modules["p"], other, module)
        exec(modules[other], module.__dict__)
    return sys.modules[f"p.{name}"]


def test_an_imported_number_is_folded_and_its_name_is_gone() -> None:
    made = folded(user="from p.numbers import ONE, SUM\n\ndef f(n):\n    return n + ONE * SUM\n")
    assert made["user"] == "def f(n):\n    return n + 1 * 5\n"
    assert "ONE" not in made["numbers"] and "SUM" not in made["numbers"] and "_OWN" not in made["numbers"]


def test_a_module_s_number_is_folded() -> None:
    made = folded(user="from p import numbers as n\n\ndef f():\n    return n.MINUS ** 2\n")
    assert made["user"] == "def f():\n    return (-3) ** 2\n"


def test_a_name_may_be_handed_on() -> None:
    user = "from p.between import ONE as UN\n\ndef f():\n    return UN\n"
    made = folded(between="from p.numbers import ONE\n", user=user)
    assert made["user"] == "def f():\n    return 1\n"
    assert made["between"] == "\n"


def test_what_does_not_fit_a_small_integer_stays_one_object() -> None:
    made = folded(user="from p.numbers import BIG\n\ndef f():\n    return BIG\n")
    assert "from p.numbers import BIG" in made["user"]
    assert "BIG = const(1 << 31)" in made["numbers"]


KEPT = {
    "a parameter of the same name": "from p.numbers import ONE\n\ndef f(ONE):\n    return ONE\n\nr = f(7) + ONE\n",
    "a local of the same name": "from p.numbers import ONE\n\ndef f():\n    ONE = 7\n    return ONE\n\nr = f() + ONE\n",
    "a class that binds the name": "from p.numbers import ONE\n\nclass C:\n    ONE = 7\n    a = ONE\n\nr = C.a + ONE\n",
    "a loop over the name": "from p.numbers import ONE\n\nr = ONE + sum([ONE for ONE in (3, 4)])\n",
    "an import within a function": "def f():\n    from p import numbers\n    return numbers.ONE\n\nr = f() + 7\n",
    "a number imported within a function": "def f():\n    from p.numbers import SUM\n    return SUM\n\nr = f() + 3\n",
    "a module handed on": "from p import numbers\n\nheld = [numbers]\nr = getattr(held[0], 'ON' + 'E') + 7\n",
    "an alias of an alias": "from p import numbers\n\nn = numbers\nr = n.ONE + n.SUM + n._OWN - 7\n",
    "an exception's name": "try:\n    raise ValueError(8)\nexcept ValueError as ONE:\n    r = ONE.args[0]\n",
    "an import of everything": "from p.numbers import *\n\nr = ONE + SUM + 2\n",
}


@pytest.mark.parametrize("what", KEPT)
def test_what_a_name_means_stays_the_same(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hal.compat", type("C", (), {"const": staticmethod(lambda value: value)}))
    plain = run({"numbers": NUMBERS, "user": KEPT[what]}, "user", monkeypatch).r
    assert run(folded(user=KEPT[what]), "user", monkeypatch).r == plain == 8


def test_assigning_to_another_s_constant_is_refused() -> None:
    with pytest.raises(SyntaxError, match=r"ONE is a constant of p\.numbers"):
        folded(user="from p import numbers\n\nnumbers.ONE = 2\n")


def test_slots_go_unless_they_are_read() -> None:
    text = "class C:\n    __slots__ = ('a', 'b')\n"
    assert folded(user=text)["user"] == "class C:\n    pass\n"
    assert "'a', 'b'" in folded(user=text + "\nr = C.__slots__\n")["user"]


def test_an_import_for_its_effect_stays() -> None:
    made = folded(user="from p.other import thing\n", other="thing = 1\n")
    assert "from p.other import thing" in made["user"]
    assert "thing = 1" in made["other"]
