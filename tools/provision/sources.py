"""Looks for credentials in text: private keys, strings of high entropy, default passwords, weak PINs."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

PEM = re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----\s*(?:\\n|\n)?\s*[\"']?[A-Za-z0-9+/=]{16}")
_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)
_HEX = re.compile(r"(?<![0-9A-Za-z+/_=-])(?:0x)?((?:[0-9a-f]{2}){16,}|(?:[0-9A-F]{2}){16,})(?![0-9A-Za-z+/_=-])")
_ESCAPED = re.compile(r"(?:\\x[0-9a-fA-F]{2}){16,}")
_BASE64 = re.compile(r"(?<![0-9A-Za-z+/_=-])([A-Za-z0-9+/_-]{24,}={0,2})(?![0-9A-Za-z+/_=-])")
_SUFFIX = re.compile(r"\.[a-z]{1,6}(?![0-9A-Za-z+/_=-])")
# A name that says what its value is, and a literal beside it.
_NAMED = re.compile(
    r"""(?ix)(?<![a-z0-9])["']?(?:[a-z0-9]+[_-])*(password|passwd|passphrase|pwd|secret|api[_-]?key|token|
    (?:private|secret|pump|operator|service|session|master|signing|encryption|mac|hmac|psk|wifi)[_-]?key|psk|pin)["']?
    \s*[:=]\s*[bru]{0,2}(["'])([^"'\n]{0,200})\2"""
)
_PLAIN = re.compile(
    r"(?i)^\s*(?:[a-z0-9]+[_-])*(password|passwd|passphrase|secret|pin|psk)\s*[:=]\s*([^\s\"'#(){}\[\]<>,]{1,80})\s*$"
)
_DEFAULTS = {
    "admin", "password", "passwort", "passw0rd", "letmein", "changeme", "change-me", "default", "root", "toor", "guest",
    "secret", "test1234", "qwerty", "welcome", "mosquitto", "raspberry", "micropython", "user", "pump", "kvo",
}  # fmt: skip
_HEX_BITS = 2.6  # of 4 that random hex has; 32 digits of it have some 3.5
_BASE64_BITS = 4.0  # of 6; 24 characters have 4.6 at most
_SECRET_BYTES = 16


def entropy(text: str) -> float:
    """Shannon's, in bits a character, of the characters' own frequencies."""
    counts = Counter(text)
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts.values())


def look(text: str) -> Iterator[tuple[int, str, str]]:
    """Line, rule and what is wrong for each credential in `text`."""
    for match in PEM.finditer(text):
        yield _line(text, match.start()), "private-key-in-source", "a private key in PEM"
    text = _BLOCK.sub(lambda match: "\n" * match[0].count("\n"), text)  # judged as what it is, not as a string
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > 10_000:
            line = line[:10_000]  # minified: what is in it is found by its beginning, or is no source
        yield from ((number, rule, what) for rule, what in _look_at_line(line))


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


def _look_at_line(line: str) -> Iterator[tuple[str, str]]:
    named = list(_NAMED.finditer(line))
    for match in named:
        yield from _judge_named(match[1].lower(), match[3])
    plain = _PLAIN.match(line) if not named else None
    if plain:
        yield from _judge_named(plain[1].lower(), plain[2])
    if any(is_random(value) for value in _strings(line)) and not _is_public(line):
        yield "hard-coded-secret", "a string that looks random"


def _judge_named(name: str, value: str) -> Iterator[tuple[str, str]]:
    if name == "pin":
        if re.fullmatch(r"\d{3,12}", value):
            weak = is_weak_pin(value)
            yield ("weak-pin", f"the PIN {value}") if weak else ("hard-coded-secret", "a PIN")
    elif value.lower() in _DEFAULTS or (value.isdigit() and is_weak_pin(value)):
        yield "default-password", f"the {name} {value!r}"
    elif _is_literal(value):
        yield "hard-coded-secret", f"a {name} as a literal"


def is_weak_pin(pin: str) -> bool:
    """As simulator.site.people.is_weak_pin says, but of length alone: six digits are no PIN of a site's."""
    from simulator.site.people import is_weak_pin as weak

    return weak(pin)


def _is_literal(value: str) -> bool:
    """Whether a value is meant as one: no placeholder, no path, no words, no format."""
    if len(value) < 8 or re.search(r"[\s{}<>$%/]|\.\.|^\W+$|example|placeholder", value):
        return False
    return bool(re.search(r"\d", value)) and bool(re.search(r"[A-Za-z]", value)) and entropy(value) > 2.5


def _strings(line: str) -> Iterator[str]:
    for match in _HEX.finditer(line):
        yield match[1]
    for match in _ESCAPED.finditer(line):
        yield match[0].replace("\\x", "")
    for match in _BASE64.finditer(line):
        if "/" in match[1] and _SUFFIX.match(line, match.end()):
            continue  # a file's path
        yield match[1]


def is_random(text: str) -> bool:
    """Whether a string has the entropy of at least 16 random bytes in hex or base64."""
    if re.fullmatch(r"[0-9a-f]+|[0-9A-F]+", text):
        return len(text) >= 2 * _SECRET_BYTES and entropy(text) >= _HEX_BITS
    mixed = re.search(r"[a-z]", text) and re.search(r"[A-Z]", text) and re.search(r"\d", text)
    words = re.fullmatch(r"(?:[A-Z]?[a-z]{2,}|[A-Z]{2,}|\d{1,2}|[-_/+])+", text)
    path = all(re.fullmatch(r"[A-Z]?[a-z]*|[A-Z]+|\d+", part) for part in text.split("/"))
    return bool(mixed) and not words and not path and entropy(text) >= _BASE64_BITS


def _is_public(line: str) -> bool:
    """Whether the line says that it holds what may be known: a digest, a published vector, a lock's hash."""
    return bool(re.search(r"(?i)sha-?(1|224|256|384|512)|digest|integrity|checksum|crc|vector|commit|rev:", line))
