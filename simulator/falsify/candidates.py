"""A scenario as a search varies it: what is free, and the file that given values make of it.

A candidate is a file's text, read and checked as any other: what the search judged is what `kvo scenario run` plays.
"""

from __future__ import annotations

import copy
import textwrap
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from simulator.files import yaml_source
from simulator.files.quantity import duration_ms
from simulator.files.scenario import Scenario, scenario_of
from simulator.files.vary import Freedom, assumed_freedoms, written_freedoms
from simulator.files.yaml_source import FileProblem

MADE = "# Made by 'kvo falsify'"
_WORST, _LONGEST_NAME = "-worst", 48
_FILES = (".yaml", ".yml")


class _Dumper(yaml.SafeDumper):
    """Writes decimals as they are, and items of a list further in than its key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


_Dumper.add_representer(
    Decimal, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:float", f"{value:f}")
)


def _dump(value: Any, flow: bool | None) -> str:
    options: dict[str, Any] = {"sort_keys": False, "width": 9999, "allow_unicode": True}
    made: str = yaml.dump(value, Dumper=_Dumper, default_flow_style=flow, **options)
    return made


def _written(key: str, value: Any) -> str:
    """One of a scenario's keys, as a person would write it."""
    if key in ("timeline", "faults") and value:
        return f"{key}:\n" + "".join(f"  - {_dump(item, True)}" for item in value)
    if key == "story":
        folded = textwrap.wrap(value, 114, break_long_words=False, break_on_hyphens=False)
        return "story: >\n" + "".join(f"  {line}\n" for line in folded)
    is_plain = key == "properties" or not isinstance(value, dict | list)
    return _dump({key: value}, False if is_plain else None)


class Candidates:
    """What may be made of one scenario file. `freedoms`: what varies. FileProblem where the file is bad.

    is_said: the file itself says so. seed: the one that they are to be run with.
    """

    def __init__(self, path: str | Path, seed: int = 0) -> None:
        self.path = Path(path)
        source = yaml_source.read(path)
        self._data: dict[str, Any] = source.data
        scenario = scenario_of(source)
        self.title, self.name = scenario.title, scenario.name
        self.properties = scenario.properties
        self.has_people = bool(scenario.people)
        self.freedoms = written_freedoms(source)
        self.is_said = bool(self.freedoms)
        if not self.freedoms:
            places = [at for at, item in enumerate(self._data["timeline"]) if scenario.is_hostile(item, at)]
            self.freedoms = assumed_freedoms(self._data, places) if "timeline" in self._data else []
        if not self.freedoms:
            raise FileProblem(
                path, 1, "nothing in this scenario may vary: no adversary does anything, and there is no 'vary:'",
                "add 'vary:', such as '- {do: occlude_downstream, at: [2 min, 6 min]}'",
            )  # fmt: skip
        self._data = {key: value for key, value in self._data.items() if key not in ("vary", "seeds", "kvo")}
        for name, person in self._data.get("people", {}).items():
            person.setdefault("pin", scenario.people[name].pin)  # it is drawn by the file's name, which changes
        self._data["name"] = scenario.name[: _LONGEST_NAME - len(_WORST)].rstrip("-") + _WORST
        self._seed = seed
        for one in self.freedoms:
            self._check(source, one)

    def _check(self, source: Any, one: Freedom) -> None:
        """Refuse a range whose ends the scenario cannot have by themselves."""
        for value in (one.low, one.high):
            try:
                self.scenario(self.own_values | {one.label: value})
            except FileProblem as problem:
                at = one.written(value)
                what = f"{one.label} cannot be {at}: {problem.what}"
                raise source.problem(("vary",), what, f"{problem.remedy}; or narrow the range") from None

    @property
    def own_values(self) -> dict[str, int]:
        """What the file itself has, by label."""
        return {one.label: one.own for one in self.freedoms}

    def written(self, values: Mapping[str, int]) -> dict[str, Any]:
        """Values by label, as a file has them."""
        return {one.label: one.written(values[one.label]) for one in self.freedoms}

    def text(self, values: Mapping[str, int], folder: Path | None = None, says: str = "") -> str:
        """The file with these values. folder: where it is to stand, else beside the one it comes from."""
        data = copy.deepcopy(self._data)
        for one in self.freedoms:
            where, place, key = one.loc
            if values[one.label] != one.own:  # else it stays as it was written
                data[where][place][key] = one.written(values[one.label])
        if "timeline" in data:
            data["timeline"].sort(key=lambda item: duration_ms(item["at"]))
        if folder is not None and folder.resolve() != self.path.parent.resolve():
            self._lead_home(data)
        head = "".join(f"# {line}\n" for line in says.splitlines())
        whole = {"kvo": "scenario/1", **data, "seeds": [self._seed]}
        return f"{MADE} from {self.path.name}.\n{head}" + "".join(_written(*item) for item in whole.items())

    def scenario(self, values: Mapping[str, int]) -> Scenario:
        """The scenario with these values; FileProblem where it cannot be."""
        return self.read(self.text(values))

    def read(self, text: str) -> Scenario:
        """The scenario in a text that `text` has made."""
        return scenario_of(yaml_source.parse(self.path, text))

    def _lead_home(self, data: dict[str, Any]) -> None:
        """Name files that lie beside the original by their whole path."""
        home = self.path.parent.resolve()

        def led(name: Any) -> Any:
            is_file = isinstance(name, str) and name.endswith(_FILES) and (home / name).is_file()
            return str(home / name) if is_file else name

        if isinstance(data["programme"], dict):
            for key in ("use", "library"):
                if key in data["programme"]:
                    data["programme"][key] = led(data["programme"][key])
        else:
            data["programme"] = led(data["programme"])
