"""A program made smaller does the same: what nobody reads goes, private names are short, all else stays."""

from __future__ import annotations

import ast
import sys
import types

import pytest

from simulator.homes import mpy
from simulator.homes.fold import fold
from simulator.homes.shrink import shrink


def shrunk(**modules: str) -> dict[str, str]:
    made = shrink({f"{name}.py": text.encode() for name, text in modules.items()})
    return {path.removesuffix(".py"): text.decode() for path, text in made.items()}


def run(monkeypatch: pytest.MonkeyPatch, modules: dict[str, str], name: str) -> types.ModuleType:
    """Import `name` of a program in memory."""
    for path, text in modules.items():
        module = types.ModuleType(path)
        monkeypatch.setitem(sys.modules, path, module)
        exec(compile(text, path, "exec"), module.__dict__)
    return sys.modules[name]


ONE = """
class Contract:
    def call(self):
        raise NotImplementedError

class _Kept:
    def __init__(self):
        self._long_name = 3
        self.public_name = 4
    def _private_method(self, _argument=1, *, _word=2):
        return self._long_name + _argument + _word

def used():
    return _Kept()._private_method(_word=10)

def unread():
    return Contract()
"""
TWO = "from one import used\n\ndef main():\n    return used()\n"


def test_what_nobody_reads_goes_and_what_only_that_read(monkeypatch: pytest.MonkeyPatch) -> None:
    made = shrunk(one=ONE, two=TWO)
    assert "unread" not in made["one"] and "Contract" not in made["one"]
    assert "_long_name" not in made["one"] and "public_name" in made["one"]
    assert run(monkeypatch, made, "two").main() == 14
    assert shrunk(one=ONE)["one"].count("class") == 2, "a module that none imports keeps all it has"


@pytest.mark.parametrize(
    "reader",
    [
        "import one\n\ndef main():\n    return one.unread\n", "from one import *\n\ndef main():\n    return unread\n",
        "import one\n\ndef main():\n    return getattr(one, 'unread')\n",
        "def main():\n    from one import unread\n    return unread\n",
    ],
)
def test_whoever_names_a_thing_so_may_mean_it(monkeypatch: pytest.MonkeyPatch, reader: str) -> None:
    made = shrunk(one=ONE, two=reader)
    assert "def unread" in made["one"] and "class Contract" in made["one"]
    assert callable(run(monkeypatch, made, "two").main())


def test_names_that_are_not_ours_alone_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    text = """
import sys
from collections import _tuplegetter
class Thing:
    def __init__(self):
        self._by_string = 1
        self._a = 5
        self.__mangled = 2
    def look(self):
        _ = sys.implementation._multiarch
        return getattr(self, "_by_string") + self._a
def f(x):
    global _counted_here
    _counted_here = x
    try:
        raise ValueError
    except ValueError as _error_name:
        return [_each for _each in (x, _counted_here)], _error_name
"""
    made = shrunk(one=text)["one"]
    for name in ("_by_string", "_multiarch", "_tuplegetter", "__mangled", "._a"):
        assert name in made, name
    for name in ("_counted_here", "_error_name", "_each"):
        assert name not in made, name
    text = text.replace("from collections import _tuplegetter\n", "").replace("sys.implementation._multiarch", "0")
    module = run(monkeypatch, shrunk(one=text), "one")
    assert module.Thing().look() == 6 and module.f(3)[0] == [3, 3]


def test_one_name_is_the_same_in_every_module(monkeypatch: pytest.MonkeyPatch) -> None:
    made = shrunk(
        base="class Base:\n    def go(self):\n        return self._told_by_others()\n",
        top="from base import Base\n\nclass Top(Base):\n    def _told_by_others(self):\n        return 9\n\n"
        "def main():\n    return Top().go()\n",
    )
    assert run(monkeypatch, made, "top").main() == 9
    assert "_told_by_others" not in made["base"] + made["top"]


def test_a_short_name_is_never_one_that_is_there() -> None:
    made = shrunk(one="_a = 1\n_b = 2\ndef f(_long_argument):\n    return _a + _b + _long_argument\n")["one"]
    arguments = [node.arg for node in ast.walk(ast.parse(made)) if isinstance(node, ast.arg)]
    assert arguments not in (["_a"], ["_b"]) and len(arguments[0]) == 2


def test_the_firmware_s_names_are_bound_once_shrunk() -> None:
    """Every private name that is read somewhere is bound somewhere, as before."""
    before = fold(mpy.sources_of("firmware", "hal/__init__.py", "hal/ports.py", "hal/compat.py", "hal/pico"))
    for sources in (before, shrink(before)):
        read, bound = set(), set()
        for source in sources.values():
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
                    (read if isinstance(node.ctx, ast.Load) else bound).add(node.attr)
                elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                    bound.add(node.name)
                elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                    bound.add(node.id)
        assert read - bound <= {"_machine", "_mpy"}, read - bound


def test_the_same_sources_give_the_same_names() -> None:
    sources = fold(mpy.sources_of("firmware/trust", "hal/compat.py"))
    assert shrink(sources) == shrink(dict(reversed(sources.items()))) | {}
