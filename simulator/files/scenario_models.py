"""What a scenario file may hold: the models behind its checks and its JSON schema."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from simulator.adversary import POSITIONS
from simulator.files.models import Milliseconds, Prose, Strict, one_of
from simulator.files.yaml_source import Refusal, shown
from simulator.scenario.stage import ROLES

KIND = "scenario/1"
HOMES = ("cpython", "micropython", "webassembly")


def _form(pattern: str, example: str) -> BeforeValidator:
    """Text of a certain form, and what to write where it is of another."""
    form = re.compile(pattern)

    def check(value: Any) -> str:
        if not isinstance(value, str) or not form.fullmatch(value):
            raise Refusal(f"{shown(value)} is not of the right form", f"write it such as {example}")
        return value

    return BeforeValidator(check)


def _text(pattern: str, example: str) -> Any:
    return Field(json_schema_extra={"pattern": f"^{pattern}$", "examples": [example]})


_NAME, _PIN = r"[a-z0-9][a-z0-9-]{0,47}", r"[0-9]{4,8}"
_CVE, _CWE, _EMB3D, _ATTACK = r"CVE-[0-9]{4}-[0-9]{4,7}", r"CWE-[0-9]{1,5}", r"TID-[0-9]{3}", r"T[0-9]{4}(\.[0-9]{3})?"
Name = Annotated[str, _form(_NAME, "dose-holds"), _text(_NAME, "dose-holds")]
Pin = Annotated[str, _form(_PIN, "'0427', in quotes"), _text(_PIN, "0427")]
Cve = Annotated[str, _form(_CVE, "CVE-2016-5085"), _text(_CVE, "CVE-2016-5085")]
Cwe = Annotated[str, _form(_CWE, "CWE-345"), _text(_CWE, "CWE-345")]
Emb3d = Annotated[str, _form(_EMB3D, "TID-221"), _text(_EMB3D, "TID-221")]
Technique = Annotated[str, _form(_ATTACK, "T0855"), _text(_ATTACK, "T0855")]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]


class Person(Strict):
    """Somebody with credentials."""

    number: Annotated[int, Field(ge=1, le=2**31 - 1)]
    role: one_of(*ROLES) = "nurse"  # type: ignore[valid-type]
    pin: Pin | None = Field(None, description="four to eight digits, in quotes; without it six are drawn")
    card: bool = Field(default=False, description="whether they carry a card that signs")


class Property(Strict):
    """What must hold: a formula over the recorded signals."""

    name: Name
    kind: one_of("safety", "security")  # type: ignore[valid-type]
    says: Prose
    formula: Prose
    from_: Milliseconds = Field(default=0, alias="from", description="judge from then on, such as '2 min'")


class Attack(Strict):
    """Who attacks from where, and what stops it: the control, and the property that fails without it."""

    positions: Annotated[list[one_of(*POSITIONS)], Field(min_length=1)]  # type: ignore[valid-type]
    control: Name
    property: Name


class References(Strict):
    """Where the attack is known from."""

    advisory: list[Prose] = Field(default_factory=list)
    cve: list[Cve] = Field(default_factory=list)
    cwe: list[Cwe] = Field(default_factory=list)
    emb3d: list[Emb3d] = Field(default_factory=list)
    attack: list[Technique] = Field(default_factory=list)


class ScenarioFile(Strict):
    """A scenario as written."""

    kvo: one_of(KIND)  # type: ignore[valid-type]
    name: Name
    title: Prose
    story: Prose = ""
    programme: Any
    people: dict[Name, Person] = Field(default_factory=dict)
    operator: str | None = None
    network: one_of("raw", "mqtt") = Field(  # type: ignore[valid-type]
        default="raw", description="how bytes come to the pump: as they are, or from a broker by the pump's MQTT client"
    )
    duration: Milliseconds
    timeline: list[Any] = Field(default_factory=list)
    faults: list[Any] = Field(default_factory=list)
    vary: list[Any] = Field(default_factory=list)
    properties: Annotated[list[Property], Field(min_length=1)]
    attack: Attack | None = None
    references: References = References()
    seeds: Annotated[list[Seed], Field(min_length=1, max_length=1000)] = Field(default_factory=lambda: [0])
    homes: Annotated[list[one_of(*HOMES)], Field(min_length=1)] = Field(  # type: ignore[valid-type]
        default_factory=lambda: ["cpython"]
    )
