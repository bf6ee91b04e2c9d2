"""The JSON schema of scenario files, for editors that check and complete while one types."""

from __future__ import annotations

import json
from typing import Any

from simulator.files.faults import faults_schema
from simulator.files.programme import json_schema, shipped_programmes
from simulator.files.scenario_models import KIND, ScenarioFile
from simulator.files.scenario_programme import OWN
from simulator.files.timeline import NETWORK, PEOPLE, PLANT, TAKES, Item
from simulator.files.vary import FIXED
from simulator.scenario import hostile, inside, installing, requests, touching  # their verbs are known by that
from simulator.scenario.actions import ACTIONS, says
from simulator.scenario.signals import SIGNALS

__all__ = ["hostile", "inside", "installing", "requests", "scenario_schema", "touching"]


def scenario_schema() -> dict[str, Any]:
    """The schema (a dict) of a scenario file, made from the models and from the verbs that are known now."""
    schema = ScenarioFile.model_json_schema(by_alias=True)
    definitions = schema.setdefault("$defs", {})
    properties = schema["properties"]
    properties["timeline"] = {"type": "array", "title": "Timeline", "items": _items(definitions)}
    properties["faults"] = faults_schema()
    properties["vary"] = _vary(properties["timeline"]["items"]["oneOf"], properties["faults"]["items"])
    properties["programme"] = {
        "description": "a shipped programme by name, a file beside this one, or what a programme file holds, with "
        "'use' for the one it begins from",
        "anyOf": [{"type": "string", "examples": list(shipped_programmes())}, _inline(definitions)],
    }
    signals = definitions["Property"]["properties"]["formula"]
    signals["description"] = "signal temporal logic over: " + ", ".join(SIGNALS)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"kvo:{KIND}", **schema}


def _inline(definitions: dict[str, Any]) -> dict[str, Any]:
    """A programme within a scenario: any of a programme's keys, since the one it begins from may have the others."""
    text = json.dumps(json_schema("programme")).replace("#/$defs/", "#/$defs/Inline").replace('"oneOf"', '"anyOf"')
    inline = json.loads(text)
    for name, made in inline.pop("$defs").items():
        definitions[f"Inline{name}"] = _optional(made)
    properties = {key: made for key, made in inline["properties"].items() if key not in OWN}
    properties["use"] = {"type": "string", "description": "the programme it begins from: a shipped name or a file"}
    return {"type": "object", "title": "Programme", "properties": properties, "additionalProperties": False}


def _optional(schema: Any) -> Any:
    """The schema without what it requires."""
    if isinstance(schema, dict):
        return {key: _optional(value) for key, value in schema.items() if key not in ("required", "discriminator")}
    return [_optional(value) for value in schema] if isinstance(schema, list) else schema


def _items(definitions: dict[str, Any]) -> dict[str, Any]:
    """One of the verbs, each with its own keys."""
    world = Item.model_json_schema(by_alias=True)
    definitions.update(world.pop("$defs", {}))
    kinds = [_of_world(world, verb) for verb in (*PLANT, *NETWORK, *PEOPLE)]
    for verb, kind in ACTIONS.items():
        made = kind.model_json_schema(by_alias=True)
        definitions.update(made.pop("$defs", {}))
        made["properties"] = {"do": {"const": verb, "description": says(kind)}, **made["properties"]}
        made["required"] = ["do", *made["required"]]
        made["title"], made["description"] = verb, says(kind)
        kinds.append(made)
    return {"type": "object", "required": ["at", "do"], "oneOf": kinds}


def _vary(items: list[dict[str, Any]], fault: dict[str, Any]) -> dict[str, Any]:
    """What a search may vary: of a verb or a fault, two ends or a list of choices for each of its keys."""
    nth = {"type": "integer", "minimum": 1, "description": "which of them, where the file has several; else all"}
    kinds = []
    for item in items:
        keys = {key: made for key, made in item["properties"].items() if key not in FIXED}
        spans = {key: {"type": "array", "minItems": 2, "items": made} for key, made in keys.items()}
        properties = {"do": item["properties"]["do"], "nth": nth, **spans}
        kinds.append({"required": ["do"], "properties": properties, "additionalProperties": False})
    of_fault = {"type": "array", "minItems": 2}
    known = {key: of_fault for key in fault["properties"] if key not in FIXED}
    properties = {"fault": fault["properties"]["fault"], "nth": nth, **known}
    kinds.append({"required": ["fault"], "properties": properties, "additionalProperties": of_fault})
    says = "what 'kvo falsify' may vary: [least, most], or choices"
    return {"type": "array", "title": "Vary", "description": says, "items": {"type": "object", "oneOf": kinds}}


def _of_world(item: dict[str, Any], verb: str) -> dict[str, Any]:
    takes, needed = TAKES.get(verb, (None, False))
    names = ("at", "note") if takes is None else ("at", "note", takes)
    properties = {"do": {"const": verb}, **{name: item["properties"][name] for name in names}}
    required = ["at", "do", takes] if needed else ["at", "do"]
    return {
        "type": "object", "title": verb, "properties": properties, "required": required, "additionalProperties": False,
    }  # fmt: skip
