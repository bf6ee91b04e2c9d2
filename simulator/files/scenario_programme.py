"""The programme within a scenario: a shipped one, a file beside it, or one written out, with what is said instead."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulator.files import yaml_source
from simulator.files.programme import KIND, Programme, find_programme, load_programme, programme_of
from simulator.files.yaml_source import FileProblem, Source

OWN = ("kvo", "name", "title", "timeline", "faults", "duration")  # of a programme's keys, what the scenario says itself


def programme_in(source: Source, file: Any, others: list[int]) -> Programme:
    """The Programme of a scenario. others: the places of the timeline's items that are a programme's own."""
    return programme_of(_Inline(source, _data(source, file, others), others))


class _Inline(Source):
    """The programme within a scenario, as if it were a file: what is wrong with it is told on the scenario's lines."""

    def __init__(self, outer: Source, data: dict[str, Any], items: list[int]) -> None:
        super().__init__(outer.path, data, {})
        self._outer = outer
        self._items = items  # where the timeline's items stand in the scenario's

    def line(self, loc: Any) -> int:
        """The line in the scenario's own file."""
        if loc and loc[0] == "timeline":
            place = (self._items[loc[1]], *loc[2:]) if len(loc) > 1 else ()
            return self._outer.line(("timeline", *place))
        if loc and loc[0] in ("faults", "duration", "name", "title"):
            return self._outer.line(loc)
        return self._outer.line(("programme", *loc))


def _data(source: Source, file: Any, others: list[int]) -> dict[str, Any]:
    """What a programme file would hold: the one that is named, with what the scenario says instead."""
    given = file.programme
    if isinstance(given, str):
        given = {"use": given}
    if not isinstance(given, dict):
        raise source.problem(("programme",), "a name or a mapping is expected here", "write 'programme: morphine-pca'")
    for key in OWN:
        if key in given:
            raise source.problem(("programme", key), f"the scenario itself has {key!r}", "remove it here")
    data: dict[str, Any] = {}
    if "use" in given:
        name = str(given["use"])
        beside = Path(source.path).parent / name
        is_file = name.endswith((".yaml", ".yml")) and beside.is_file()
        path = beside if is_file else _shipped(source, name)
        load_programme(path)  # what is wrong with it is told on its own lines
        base = yaml_source.read(path)
        data = dict(base.data)
        library = Path(path).parent / str(data["library"])
        if library.is_file():
            data["library"] = str(library.resolve())
    data = _over(data, {key: value for key, value in given.items() if key != "use"})
    data |= {"kvo": KIND, "name": file.name, "title": file.title, "duration": source.data["duration"]}
    data |= {"timeline": [file.timeline[place] for place in others], "faults": file.faults}
    return data


def _shipped(source: Source, name: str) -> Path:
    try:
        return Path(find_programme(name))
    except FileProblem as problem:
        what = "there is no such file beside this one, nor such a shipped programme"
        raise source.problem(("programme",), what, problem.remedy) from None


def _over(base: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with what `new` says, key by key; a therapy of another mode is taken whole."""
    found = dict(base)
    for key, value in new.items():
        old = found.get(key)
        if isinstance(old, dict) and isinstance(value, dict) and value.get("mode", old.get("mode")) == old.get("mode"):
            value = _over(old, value)
        found[key] = value
    return found
