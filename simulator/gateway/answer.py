"""What a request came to, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from firmware.trust import verdict as v
from simulator.gateway import words
from simulator.trust_client import Fact


@dataclass(frozen=True)
class Answer:
    """What a request came to. code: of docs/requests.md, None where none came in time; digest: the request's name."""

    kind: int
    digest: bytes
    code: int | None
    message: int = 0
    waited_s: float = 0.0
    fact: Fact | None = None

    @property
    def is_ok(self) -> bool:
        """Whether the pump took it."""
        return self.code == v.OK

    @property
    def waits_for_second(self) -> bool:
        """Whether it is past a soft limit and waits for another operator's approval."""
        return self.is_ok and bool(self.message)

    @property
    def remedy(self) -> str:
        """What to do about a refusal, "" where there is nothing to do."""
        if self.code is None:
            return "look at the pump, then ask again: it may have heard"
        return "" if self.is_ok else words.remedy_of(self.code, self.message, self.kind)

    def __str__(self) -> str:
        what = words.KINDS[self.kind]
        if self.code is None:
            return f"{what}: no answer; {self.remedy}"
        said = f" ({words.message_of(self.message)})" if self.message else ""
        if not self.is_ok:
            return f"{what}: {words.name_of(self.code)}{said}; {self.remedy}"
        if self.waits_for_second:
            return (f"{what}: OK{said}: past a soft limit, so another operator has to approve it too: "
                    f"digest {self.digest.hex()}")  # fmt: skip
        return f"{what}: OK: {words.WAITS.get(self.kind, 'answered')}"

    def as_json(self) -> dict[str, Any]:
        """For --json."""
        return {
            "request": words.KINDS[self.kind], "digest": self.digest.hex(), "code": self.code,
            "name": None if self.code is None else words.name_of(self.code), "message": self.message,
            "says": words.message_of(self.message), "remedy": self.remedy, "waited_s": round(self.waited_s, 3),
        }  # fmt: skip
