"""Writes what the bare board carries of the host, and its page's keys. `python -m tools.bare_tables [--check]`.

The firmware carries numbers and a device has no YAML, so hal/bare/names.py and hal/bare/library.py are
made here, from simulator/names.py, firmware/therapy/tables.py and scenarios/libraries/icu.yaml. The keys of
docs/bare.md come from hal/bare/keys.py.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

from firmware.therapy import alarms as al
from firmware.therapy import layout, tables
from hal.bare import keys
from simulator import names
from simulator.files.library import compile_library, load_library
from simulator.files.programme import shipped_libraries

ROOT = Path(__file__).resolve().parents[1]
NAMES = ROOT / "hal" / "bare" / "names.py"
LIBRARY = ROOT / "hal" / "bare" / "library.py"
PAGE = ROOT / "docs" / "bare.md"
_BEGIN, _END = "<!-- keys: made by tools/bare_tables.py -->\n", "<!-- end of keys -->\n"
LIBRARY_NAME = "icu"
_CHUNK = 24
_CODES = al.TRUST_BASE + al.TRUST_CODES

_NAMES_TEXT = '''\
"""What the firmware's codes are called on the bare board's panel. Made by tools/bare_tables.py: leave it."""

from hal.compat import const

TRUST_BASE = const({trust_base})

DELIVERY = (
{delivery}
)
TRUST = (
{trust}
)
# By code; b"" where there is none.
ALARMS = (
{alarms}
)
MESSAGES = (
{messages}
)
# Of the alarms, by code.
PRIORITIES = (
{priorities}
)


def name(table, code):
    """Return the word for a code of one of the tables above, b"?" where it has none."""
    return table[code] if 0 <= code < len(table) else b"?"
'''

_LIBRARY_TEXT = '''\
"""The bare board's drug library: {title}. Made by tools/bare_tables.py: leave it."""

from hal.compat import const

ENTRY_AT = const({entry_at})  # the first entry
ENTRY_BYTES = const({entry_bytes})
NAME_AT = const({name_at})  # in an entry
NAME_BYTES = const({name_bytes})

LIBRARY = (
{lines}
)


def drug_name(code):
    """Return the name of the drug with a library code, b"?" where there is none."""
    at = ENTRY_AT
    while at + ENTRY_BYTES <= len(LIBRARY):
        if LIBRARY[at] | LIBRARY[at + 1] << 8 == code:
            return LIBRARY[at + NAME_AT : at + NAME_AT + NAME_BYTES].rstrip(b"\\0")
        at += ENTRY_BYTES
    return b"?"
'''


def _words(words: list[str]) -> str:
    return "\n".join(f"    {_literal(word.encode('ascii'))}," for word in words)


def _literal(data: bytes) -> str:
    text = repr(data)
    return text if text[1] == '"' else 'b"' + text[2:-1].replace('"', '\\"') + '"'


def _chunks(data: bytes) -> str:
    return "\n".join(f"    {_literal(data[at : at + _CHUNK])}" for at in range(0, len(data), _CHUNK))


def names_text() -> str:
    """The text of hal/bare/names.py."""
    alarms = [names.ALARMS.get(code, "") for code in range(_CODES)]
    has = [code < al.THERAPY_CODES or code >= al.TRUST_BASE for code in range(_CODES)]
    return _NAMES_TEXT.format(
        trust_base=al.TRUST_BASE,
        delivery=_words(list(tables.DELIVERY_NAMES)),
        trust=_words(list(tables.TRUST_NAMES)),
        alarms=_words(alarms),
        messages=_words([names.MESSAGES.get(code, "") for code in range(max(names.MESSAGES) + 1)]),
        priorities=_chunks(bytes(al.traits(code) & 3 if has[code] else 0 for code in range(_CODES))),
    )


def library_text() -> str:
    """The text of hal/bare/library.py."""
    library = load_library(shipped_libraries()[LIBRARY_NAME])
    data = compile_library(library)
    fields = [field[0] for field in layout.LIBRARY_ENTRY]
    before = layout.LIBRARY_ENTRY[: fields.index("name")]
    return _LIBRARY_TEXT.format(
        title=f"scenarios/libraries/{LIBRARY_NAME}.yaml, compiled",
        entry_at=struct.calcsize(layout.struct_format(layout.LIBRARY_HEADER)),
        entry_bytes=struct.calcsize(layout.struct_format(layout.LIBRARY_ENTRY)),
        name_at=struct.calcsize(layout.struct_format(before)),
        name_bytes=int(dict(layout.LIBRARY_ENTRY)["name"][:-1]),
        lines=_chunks(data),
    )


def page_text() -> str:
    """The text of docs/bare.md, with the keys as they are."""
    head, rest = PAGE.read_text(encoding="utf-8").split(_BEGIN)
    lines = ["| key | whose | what happens | pressed again |", "|---|---|---|---|"]
    for byte, group, _, _, _, on, off in keys.KEYS:
        key = "space" if byte == b" " else f"`{byte.decode()}`"
        lines.append(f"| {key} | {keys.TAGS[group].decode()} | {on.decode()} | {off.decode()} |".replace("|  |", "| |"))
    return head + _BEGIN + "\n".join(lines) + "\n" + _END + rest.split(_END)[1]


def _made() -> tuple[tuple[Path, str], ...]:
    return (NAMES, names_text()), (LIBRARY, library_text()), (PAGE, page_text())


def stale() -> list[str]:
    """The files that are not what they would be if they were made now."""
    return [path.name for path, text in _made() if not path.is_file() or path.read_text(encoding="utf-8") != text]


def main() -> int:
    """Write the files; with --check, say which are stale and answer 1 where one is."""
    if "--check" in sys.argv[1:]:
        found = stale()
        if found:
            print(f"stale: {', '.join(found)}; run python -m tools.bare_tables")
        return 1 if found else 0
    for path, text in _made():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
