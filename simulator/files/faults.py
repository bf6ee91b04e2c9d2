"""What breaks during a run: the `faults:` list of a programme.

An item is {at: '1 h', fault: down_pressure_stuck, for: '30 s', every: '10 min', times: 3}, with
`chance` and `jitter` if it is not certain, and the fault's own parameters. What the seed decides
is decided from (programme, seed) alone, before the run: the same two give the same events.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from random import Random
from typing import Annotated, Any

from pydantic import Field, PlainValidator, WithJsonSchema, create_model

from simulator.faults import KINDS, Kind, Parameter, kind_of
from simulator.files.models import Milliseconds, Strict, validate
from simulator.files.timeline import Event
from simulator.files.yaml_source import Refusal, shown

MAX_STRIKES = 10_000


def _chance(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 < value <= 1:
        raise Refusal(f"{shown(value)} is no chance", "write a number above 0 and at most 1, such as 0.5")
    return Decimal(value)


_Chance = Annotated[
    Decimal,
    PlainValidator(_chance),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 1}),
]


class FaultItem(Strict):
    """What every item of the list has; `fault` and its parameters are added kind by kind."""

    at: Milliseconds
    for_: Milliseconds | None = Field(default=None, alias="for")
    every: Milliseconds | None = None
    times: Annotated[int, Field(ge=1, le=MAX_STRIKES)] | None = None
    chance: _Chance | None = None
    jitter: Milliseconds | None = None
    note: str | None = None


@dataclass(frozen=True)
class PlannedFault:
    """An item that was checked. `values`: the parameters that were written, read."""

    kind: Kind
    values: dict[str, Any]
    at_ms: int
    for_ms: int | None
    every_ms: int
    times: int
    chance: float
    jitter_ms: int
    note: str
    line: int


def read_faults(source: Any, duration_ms: int) -> tuple[PlannedFault, ...]:
    """The checked items of a programme file. FileProblem, with line and remedy, for a bad one."""
    found = []
    for place, item in enumerate(source.data.get("faults", [])):
        loc = ("faults", place)
        if not isinstance(item, dict):
            raise source.problem(loc, "a mapping is expected here", "write '{at: 1 h, fault: …}'")
        try:
            if "fault" not in item:
                raise Refusal("the key 'fault' is missing", "add 'fault: NAME'; 'kvo faults list' has the names")
            kind = kind_of(str(item["fault"]))
            checked = validate(_model_of(kind.name), source, item, loc)
            found.append(_planned(kind, checked, duration_ms, source.line(loc)))
        except Refusal as refused:
            raise source.problem((*loc, *refused.loc), refused.what, refused.remedy) from None
    return tuple(found)


def fault_events(faults: tuple[PlannedFault, ...], duration_ms: int, seed: int) -> list[Event]:
    """When each fault strikes and when it ends, in order of time."""
    found: list[Event] = []
    for place, fault in enumerate(faults):
        random = Random(f"{seed}/fault/{place}")
        for turn in range(fault.times):
            # Both are drawn for every strike, so that one's luck never shifts another's.
            luck, late = random.random(), random.randint(0, fault.jitter_ms)
            begin = fault.at_ms + turn * fault.every_ms + late
            if luck >= fault.chance or begin > duration_ms:
                continue
            token = (place, turn)
            found.append(_event(begin, "inject", fault, token))
            if fault.for_ms is not None:
                found.append(_event(begin + fault.for_ms, "clear", fault, token))
    return sorted(found, key=lambda event: event.at_ms)


def faults_schema() -> dict[str, Any]:
    """JSON schema of the list: what every item has, and what each kind of fault has besides."""
    item = FaultItem.model_json_schema()
    item.pop("additionalProperties")
    item["properties"]["fault"] = {"type": "string", "enum": list(KINDS)}
    item["required"] = ["at", "fault"]
    item["unevaluatedProperties"] = False
    item["allOf"] = [
        {
            "if": {"properties": {"fault": {"const": name}}},
            "then": {"properties": {one.name: _parameter_schema(one) for one in kind.parameters}},
        }
        for name, kind in KINDS.items()
        if kind.parameters
    ]
    return {"type": "array", "items": item, "title": "Faults"}


def _event(at_ms: int, verb: str, fault: PlannedFault, token: tuple[int, int]) -> Event:
    words = fault.kind.name.replace("_", " ")
    note = fault.note or words
    if verb == "clear":
        note = f"{note}: over"
    return Event(at_ms, verb, 0, (), note, fault.line, fault.kind.name, fault.values, token)


def _parameter_schema(parameter: Parameter) -> dict[str, Any]:
    schema: dict[str, Any] = {"description": parameter.says}
    if parameter.choices:
        return schema | {"type": "string", "enum": list(parameter.choices)}
    if parameter.plain:
        return schema | {"type": "integer", "minimum": parameter.low, "maximum": parameter.high}
    return schema | {"type": "string", "examples": [parameter.shown(parameter.default)]}


@cache
def _model_of(name: str) -> Any:
    kind = KINDS[name]
    fields: dict[str, Any] = {
        parameter.name: (Annotated[Any, PlainValidator(parameter.read)], None) for parameter in kind.parameters
    }
    return create_model(f"Fault_{name}", __base__=FaultItem, fault=(str, ...), **fields)


def _planned(kind: Kind, item: Any, duration_ms: int, line: int) -> PlannedFault:
    every, times, jitter = item.every, item.times, item.jitter or 0
    if not kind.lasts and item.for_ is not None:
        raise Refusal(f"{kind.name} is over at once", "remove 'for'", "for")
    if item.for_ == 0:
        raise Refusal("a fault that lasts no time", "lengthen 'for', or remove it to let the fault stay", "for")
    if item.at > duration_ms:
        raise Refusal("this is after the end of the run", "lengthen 'duration', or remove the item", "at")
    if every is None:
        if times is not None:
            raise Refusal("'times' needs 'every'", "add how long from one to the next: 'every: 10 min'", "times")
        every, times = 0, 1
    elif every <= (item.for_ or 0) + jitter:
        raise Refusal("it comes again before it is over", "make 'every' longer than 'for' and 'jitter'", "every")
    elif kind.lasts and item.for_ is None:
        raise Refusal("a fault that stays cannot come again", "add 'for', or remove 'every'", "every")
    if times is None:
        times = (duration_ms - item.at) // every + 1
        if times > MAX_STRIKES:
            raise Refusal(f"more than {MAX_STRIKES} strikes", "make 'every' longer, or add 'times'", "every")
    written = {parameter.name: getattr(item, parameter.name) for parameter in kind.parameters}
    return PlannedFault(
        kind, {name: value for name, value in written.items() if value is not None}, item.at, item.for_, every, times,
        float(item.chance if item.chance is not None else 1), jitter, item.note or "", line,
    )  # fmt: skip
