"""What the models of both kinds of file share: strictness, quantities as field types, and
the way from pydantic's errors to one line of the file."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainValidator, ValidationError, WithJsonSchema

from simulator.files import quantity
from simulator.files.yaml_source import Refusal, did_you_mean, shown


def _quantity(base, parse, example):
    """A field type: written as text with a unit, held as firmware integers."""
    schema = {"type": ["string", "number"], "examples": [example], "description": f"written such as '{example}'"}
    return Annotated[base, PlainValidator(parse), WithJsonSchema(schema)]


Volume = _quantity(int, quantity.volume_ul, "50 mL")
Rate = _quantity(int, quantity.rate_ul_h, "10 mL/h")
DoseRate = _quantity(quantity.Dose, quantity.dose, "0.1 ug/kg/min")
Seconds = _quantity(int, quantity.duration_s, "30 min")
Milliseconds = _quantity(int, quantity.duration_ms, "2 h 30 min")
Mixture = _quantity(quantity.Concentration, quantity.concentration, "16 mg / 250 mL")
Pressure = _quantity(int, quantity.pressure_mmhg, "300 mmHg")
Temperature = _quantity(int, quantity.temperature_dc, "40 C")
Weight = _quantity(int, quantity.weight_g, "70")


def _prose(value):
    """Text a person wrote, on one line."""
    if not isinstance(value, str) or not value.strip():
        raise Refusal("text is expected here", "write a few words, in quotes if they hold a colon")
    text = " ".join(value.split())
    if not text.isprintable():
        raise Refusal("a control character is in this text", "remove it")
    return text


Prose = Annotated[str, BeforeValidator(_prose)]


def one_of(*words):
    """A field type: one of `words`, with a suggestion for a slip."""

    def check(value):
        if value not in words:
            raise Refusal(f"{shown(value)} is not known here", did_you_mean(value, words))
        return value

    return Annotated[str, PlainValidator(check), WithJsonSchema({"type": "string", "enum": list(words)})]


class Strict(BaseModel):
    """A mapping in which every key is known and every value has its own type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


_REMEDIES = {
    "int_type": "write a whole number, without quotes",
    "string_type": "write text; a number or true and false in quotes",
    "bool_type": "write true or false",
    "list_type": "write a list: lines that begin with '- ', or [a, b]",
    "dict_type": "write a mapping: 'key: value' lines",
    "model_type": "write a mapping: 'key: value' lines",
    "less_than_equal": "write at most {le}",
    "greater_than_equal": "write at least {ge}",
    "string_pattern_mismatch": "write small letters, digits, '-' and (in a drug's name) spaces, starting with a letter",
    "too_short": "write at least one item",
    "too_long": "write fewer items",
}


def refusal_of(error, names):
    """(place, what, remedy) of one of pydantic's errors; `names` are the keys of its model."""
    loc, kind, context = error["loc"], error["type"], error.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, Refusal):
        return (*loc, *cause.loc), cause.what, cause.remedy
    if kind == "missing":
        return loc, f"the key {str(loc[-1])!r} is missing", f"add '{loc[-1]}: …' here"
    if kind == "extra_forbidden":
        return loc, f"the key {shown(loc[-1])} is not known here", did_you_mean(loc[-1], names)
    key = next((part for part in reversed(loc) if isinstance(part, str)), "file")
    given = "a mapping or list" if isinstance(error["input"], dict | list) else shown(error["input"])
    remedy = _REMEDIES.get(kind, "see docs/programmes.md").format(**{"le": "", "ge": "", **context})
    return loc, f"{given} does not fit the key {key!r}", remedy


def _names(model, loc):
    """Keys of the model that `loc` (the way to one of its keys) leads into."""
    for part in loc[:-1]:
        field = model.model_fields.get(part) if isinstance(part, str) else None
        if field is None:
            continue
        inner = _model_in(field.annotation)
        model = inner or model
    return list(model.model_fields)


def _model_in(annotation: Any):
    """The Strict model inside an annotation such as `list[Drug]` or `Limits | None`."""
    if isinstance(annotation, type) and issubclass(annotation, Strict):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_in(inner)
        if found:
            return found
    return None


def validate(model, source, data=None, at=()):
    """`data` (the whole file unless given) as a `model`; its first error, by line, as a FileProblem."""
    try:
        return model.model_validate(source.data if data is None else data)
    except ValidationError as failed:
        found: list = []
        for error in failed.errors(include_url=False):
            loc, what, remedy = refusal_of(error, _names(model, error["loc"]))
            # An unknown key is often a missing one misspelt: say the former.
            rank = (error["type"] == "missing", source.line((*at, *loc)), len(found))
            found.append((rank, (*at, *loc), what, remedy))
        _rank, loc, what, remedy = min(found)
        raise source.problem(loc, what, remedy) from None


def check_kind(source, kind):
    """Refuse a file whose first word is not `kvo: <kind>`, such as 'library/1'."""
    remedy = f"write 'kvo: {kind}'"
    if "kvo" not in source.data:
        raise source.problem((), "the key 'kvo', which names the kind of file and its version, is missing", remedy)
    if source.data["kvo"] != kind:
        raise source.problem(("kvo",), f"{shown(source.data['kvo'])} is not a kind or version read here", remedy)
