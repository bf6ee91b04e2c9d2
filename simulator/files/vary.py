"""What a search may vary in a scenario: the `vary:` list, or, where there is none, what the adversary does.

An item looks like one of the timeline or of the faults, with a range or a list of choices for each key:
{do: replay, nth: 2, at: [2 min, 6 min], count: [1, 8]}. Two numbers are a range, anything else is a choice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from simulator.faults import KINDS
from simulator.files.quantity import UNIT_CODES, duration_ms
from simulator.files.yaml_source import Refusal, Source, did_you_mean, shown
from simulator.scenario.actions import ACTIONS

TICK_MS = 100
FIXED = ("do", "fault", "nth", "note", "who")
_QUANTITY = re.compile(r"([-+]?[0-9]+(?:\.[0-9]+)?)\s*([A-Za-zµ%/]*)\Z")
# Digits behind the point that a file may write of a unit; of another as many as its range has.
_DIGITS = {**dict.fromkeys(UNIT_CODES, 3), "mL": 3, "L": 3, "mL/h": 3, "C": 1}


@dataclass(frozen=True)
class Freedom:
    """One value that may vary. loc: its place in the file's data. low, high, own: integers, `step` apart.

    unit 'ms': of time. choices: what the integers stand for, where there are any; else they count 10^-digits `unit`.
    own: what the file itself has.
    """

    label: str
    loc: tuple[Any, ...]
    low: int
    high: int
    own: int
    unit: str = ""
    digits: int = 0
    choices: tuple[Any, ...] = ()

    @property
    def is_time(self) -> bool:
        """Whether it says when something happens, or for how long."""
        return self.unit == "ms"

    @property
    def step(self) -> int:
        """The least difference between two values."""
        return TICK_MS if self.is_time else 1

    def written(self, value: int) -> Any:
        """A value as a file has it."""
        if self.choices:
            return self.choices[value]
        if self.is_time:
            return _time(value)
        number: Any = value
        if self.digits:
            number = f"{Decimal(value).scaleb(-self.digits):f}".rstrip("0").rstrip(".")
        return f"{number} {self.unit}" if self.unit else number if not self.digits else Decimal(str(number))


def check_vary(source: Source) -> None:
    """FileProblem, with line and remedy, for an item of `vary:` that cannot be."""
    written_freedoms(source)


def written_freedoms(source: Source) -> list[Freedom]:
    """What the file's `vary:` lets vary; empty where it has none."""
    found: list[Freedom] = []
    for place, item in enumerate(source.data.get("vary", [])):
        loc = ("vary", place)
        try:
            for one in _item_freedoms(source.data, item):
                if any(other.loc == one.loc for other in found):
                    raise Refusal(f"{one.label} varies already", "remove one of the two")
                found.append(one)
        except Refusal as refused:
            raise source.problem((*loc, *refused.loc), refused.what, refused.remedy) from None
    return found


def assumed_freedoms(data: dict[str, Any], places: list[int]) -> list[Freedom]:
    """What varies where nobody has said it: of the timeline's items at `places` the time by a half, within the run and
    not before 1 min, and how often, how many and for how long from a half to double."""
    end = int(duration_ms(data["duration"]))
    found = []
    for place in places:
        item = data["timeline"][place]
        label = _label(data["timeline"], place, "do")
        own = int(duration_ms(item["at"]))
        low, high = max(60_000, _grid(own / 2)), min(end - 1000, _grid(own * 3 / 2))
        if low < high and low <= own <= high:
            found.append(Freedom(f"{label} at", ("timeline", place, "at"), low, high, own, "ms"))
        for key in ("count", "messages"):
            value = _own(item, item["do"], key)
            if value is not None:
                high = max(10, 2 * value) if key == "count" else 2 * value
                found.append(Freedom(f"{label} {key}", ("timeline", place, key), max(1, value // 2), high, value))
        lasts = _own(item, item["do"], "for")
        if lasts is not None:
            own = int(duration_ms(lasts)) if isinstance(lasts, str) else int(lasts)
            least, most = max(TICK_MS, _grid(own / 2)), _grid(own * 2)
            found.append(Freedom(f"{label} for", ("timeline", place, "for"), least, most, own, "ms"))
    return found


def _grid(ms: float) -> int:
    return round(ms / TICK_MS) * TICK_MS


def _time(ms: int) -> str:
    minutes, rest = divmod(ms, 60_000)
    seconds, part = divmod(rest, 1000)
    words = [f"{minutes} min"] if minutes else []
    words += [f"{seconds} s"] if seconds else []
    words += [f"{part} ms"] if part else []
    return " ".join(words) or "0 s"


def _item_freedoms(data: dict[str, Any], item: Any) -> list[Freedom]:
    """What one item of `vary:` lets vary."""
    if not isinstance(item, dict):
        raise Refusal("a mapping is expected here", "write '{do: replay, at: [2 min, 6 min]}'")
    kinds = [key for key in ("do", "fault") if key in item]
    if len(kinds) != 1:
        raise Refusal("an item names one thing that varies", "write 'do:' and a verb, or 'fault:' and a fault")
    [kind] = kinds
    where, name = "timeline" if kind == "do" else "faults", item[kind]
    items = data.get(where, [])
    there = [place for place, one in enumerate(items) if isinstance(one, dict) and one.get(kind) == name]
    if not there:
        names = {str(one.get(kind)) for one in items if isinstance(one, dict)}
        remedy = did_you_mean(name, names) if names else f"add it to '{where}:'"
        raise Refusal(f"{shown(name)} is not in this scenario's {where}", remedy, kind)
    nth = item.get("nth")
    if nth is not None:
        if isinstance(nth, bool) or not isinstance(nth, int) or not 1 <= nth <= len(there):
            raise Refusal(f"there is no {shown(nth)}th {name} here", f"write 1 to {len(there)}", "nth")
        there = [there[nth - 1]]
    keys = [key for key in item if key not in ("do", "fault", "nth")]
    if not keys:
        raise Refusal("nothing is said to vary", "add a range, such as 'at: [2 min, 6 min]'")
    return [_freedom(data, where, kind, place, key, item[key]) for place in there for key in keys]


def _freedom(data: dict[str, Any], where: str, kind: str, place: int, key: str, span: Any) -> Freedom:
    item = data[where][place]
    if key in FIXED:
        raise Refusal(f"{key!r} cannot vary", "name a time, a count, a quantity or a choice", key)
    own = _own(item, item[kind], key)
    if own is None:
        raise Refusal(f"the {item[kind]} that varies has no {key!r}", f"write {key!r} there too, or remove it", key)
    if not isinstance(span, list) or len(span) < 2:
        raise Refusal("two ends or a list of choices are expected here", f"write '{key}: [least, most]'", key)
    label, loc = f"{_label(data[where], place, kind)} {key}", (where, place, key)
    try:
        ends = [_number(value) for value in span] if len(span) == 2 else []
        if len(ends) == 2 and None not in ends:
            return _range(label, loc, span, ends, own, data)
        if own not in span:
            raise Refusal(f"{shown(own)}, which the file has, is not among the choices", "add it")
        return Freedom(label, loc, 0, len(span) - 1, span.index(own), choices=tuple(span))
    except Refusal as refused:
        raise Refusal(refused.what, refused.remedy, key, *refused.loc) from None


def _range(label: str, loc: tuple[Any, ...], span: list[Any], ends: list[Any], own: Any, data: Any) -> Freedom:
    """A range of times, counts or quantities."""
    here = _number(own)
    units = {one[1] for one in (*ends, here) if one is not None}
    if here is None or len(units) != 1:
        raise Refusal("the ends and the file's own value are of different kinds", f"write them as {shown(own)} is")
    [unit] = units
    digits = 0
    if unit != "ms":
        digits = _DIGITS.get(unit, max(_decimals(value) for value in (*span, own)))
    scale = 1 if unit == "ms" else 10**digits
    values = [one[0] * scale for one in (*ends, here)]
    if any(value.denominator != 1 for value in values):
        raise Refusal("this is finer than the pump keeps", f"write at most {digits} digits behind the point")
    low, high, at = (int(value) for value in values)
    if unit == "ms" and any(value % TICK_MS for value in (low, high)):
        raise Refusal("this is finer than a tick", f"write multiples of {TICK_MS} ms")
    if not low <= at <= high or low == high:
        raise Refusal(f"{shown(own)}, which the file has, is not in the range", "write the smaller end first; widen it")
    if loc[-1] == "at" and high > duration_ms(data["duration"]):
        raise Refusal("this is after the end of the run", "lengthen 'duration', or end it sooner", 1)
    return Freedom(label, loc, low, high, at, unit, digits)


def _number(value: Any) -> tuple[Fraction, str] | None:
    """(number, unit) of a count or quantity, (ms, 'ms') of a time, None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Decimal):
        return Fraction(value), ""
    if not isinstance(value, str):
        return None
    try:
        return Fraction(duration_ms(value)), "ms"
    except Refusal:
        match = _QUANTITY.match(value.strip())
        # A time that is finer than a millisecond or too long is none; it is refused where it is used.
        return (Fraction(match[1]), match[2]) if match and match[2] else None


def _decimals(value: Any) -> int:
    match = re.search(r"\.([0-9]+)", str(value))
    return len(match[1]) if match else 0


def _own(item: dict[str, Any], name: Any, key: str) -> Any:
    """What an item has at a key: what is written, or what its kind has unless it is written; None for neither."""
    if key in item:
        return item[key]
    if "fault" in item:
        known = [one for one in KINDS[name].parameters if one.name == key] if name in KINDS else []
        return known[0].shown(known[0].default) if known and not known[0].plain else known[0].default if known else None
    kind = ACTIONS.get(name) if isinstance(name, str) else None
    for field_name, field in kind.model_fields.items() if kind is not None else ():
        if (field.alias or field_name) == key and not field.is_required() and field.default is not None:
            return _time(field.default) if key == "for" else field.default
    return None


def _label(items: list[Any], place: int, kind: str) -> str:
    """A name for an item: its verb or fault, numbered where there are several."""
    name = items[place][kind]
    same = [at for at, one in enumerate(items) if isinstance(one, dict) and one.get(kind) == name]
    return f"{name} {same.index(place) + 1}" if len(same) > 1 else str(name)
