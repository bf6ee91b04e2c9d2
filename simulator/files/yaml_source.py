"""Reads YAML strictly and remembers the line of every key and item.

Stricter than YAML: one document, mappings with text keys, lists, text, whole numbers,
decimals (exact, never floats), true and false. No anchors, aliases, tags or merge keys, so
a small file cannot grow large; no repeated keys, so none is silently lost.
"""

import difflib
import re
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import yaml

MAX_BYTES = 256 * 1024
MAX_DEPTH = 16
MAX_DIGITS = 20
_SHOWN = 160

_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_DECIMAL = re.compile(r"[-+]?[0-9]+\.[0-9]+\Z")
_NOT_FINITE = re.compile(r"[-+]?\.?(nan|inf|infinity)\Z", re.IGNORECASE)


class FileProblem(Exception):
    """What is wrong with a file, in one line: `file:line: what is wrong; remedy`."""

    def __init__(self, path, line, what, remedy):
        self.path, self.line = str(path), line
        self.what, self.remedy = one_line(what), one_line(remedy)
        super().__init__(f"{one_line(self.path)}:{line}: {self.what}; {self.remedy}")


class Refusal(ValueError):
    """A value that cannot stand. `loc` leads to it from where it is raised (keys, indices)."""

    def __init__(self, what, remedy, *loc):
        self.what, self.remedy, self.loc = what, remedy, loc
        super().__init__(f"{what}; {remedy}")


def one_line(text):
    """`text` with control characters as escapes, shortened: a file cannot forge a line."""
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))
    return safe if len(safe) <= 2 * _SHOWN else safe[: 2 * _SHOWN - 1] + "…"


def shown(value):
    """A value from a file, quoted and short, for a message."""
    text = str(value)
    return repr(text if len(text) <= 40 else text[:39] + "…")


def did_you_mean(word, words):
    """`did you mean 'x'?` for the nearest of `words`, else a list of them."""
    words = [str(known) for known in words]
    near = [known for known in words if known.lower() == str(word).lower()]
    near = near or difflib.get_close_matches(str(word), words, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    return "write one of: " + ", ".join(sorted(words)[:24])


class Source:
    """A file's data and the line of every place in it. `data` holds dict, list, str, int, Decimal, bool."""

    def __init__(self, path, data, lines):
        self.path, self.data, self._lines = path, data, lines

    def line(self, loc):
        """Line of the deepest place along `loc` that the file has; parts it lacks are passed over."""
        here: tuple = ()
        for part in loc:
            if (*here, part) in self._lines:
                here = (*here, part)
        return self._lines.get(here, 1)

    def problem(self, loc, what, remedy):
        """A FileProblem at the place `loc`."""
        return FileProblem(self.path, self.line(loc), what, remedy)


class _Loader(yaml.SafeLoader):
    """Resolves nothing by itself: every plain scalar arrives as text."""

    yaml_implicit_resolvers: ClassVar[dict] = {}  # type: ignore[misc]


def _line_of(event):
    """The line, from 1, on which a parser event begins."""
    return event.start_mark.line + 1


class _Builder:
    """Builds the data from parser events, checking as it goes: nothing is built before it is allowed."""

    def __init__(self, path, text):
        self.path = path
        self.lines = {}
        self._events = yaml.parse(text, Loader=_Loader)

    def refuse(self, event, what, remedy):
        return FileProblem(self.path, _line_of(event), what, remedy)

    def document(self):
        """The one document's value."""
        next(self._events)
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            raise FileProblem(self.path, 1, "the file is empty", "begin it with a line such as 'kvo: programme/1'")
        value = self._value(next(self._events), (), 1)
        next(self._events)
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise self.refuse(event, "a second document begins", "keep one document in a file")
        return value

    def _value(self, event, loc, depth):
        self.lines.setdefault(loc, _line_of(event))
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise self.refuse(
                event, "anchors and aliases ('&', '*') are refused", "write the value out where it is used"
            )
        if event.tag not in (None, "!"):
            raise self.refuse(event, f"the tag {shown(event.tag)} is refused", "write a plain value")
        if depth > MAX_DEPTH:
            raise self.refuse(event, f"nested deeper than {MAX_DEPTH} levels", "write it flatter")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(loc, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(loc, depth)
        return self._scalar(event)

    def _mapping(self, loc, depth):
        found: dict = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self.refuse(event, "a key must be plain text", "write 'name: value'")
            key = event.value
            if event.anchor is not None or event.tag not in (None, "!") or key == "<<":
                raise self.refuse(event, "anchors, tags and merge keys are refused", "write the keys out")
            if key in found:
                first = self.lines[(*loc, key)]
                raise self.refuse(
                    event, f"the key {shown(key)} is repeated (first on line {first})", "keep one of the two"
                )
            self.lines[(*loc, key)] = _line_of(event)
            found[key] = None
            found[key] = self._value(next(self._events), (*loc, key), depth + 1)
        return found

    def _sequence(self, loc, depth):
        items: list = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._value(event, (*loc, len(items)), depth + 1))
        return items

    def _scalar(self, event):
        text = event.value
        if not event.implicit[0]:
            return text
        if text in ("true", "false"):
            return text == "true"
        if text in ("", "~", "null"):
            raise self.refuse(event, "a value is missing", "write a value after the colon, or remove the key")
        if _NOT_FINITE.match(text):
            raise self.refuse(event, f"{shown(text)} is not a finite number", "write a decimal number with its unit")
        if _INTEGER.match(text) or _DECIMAL.match(text):
            if len(text) > MAX_DIGITS:
                raise self.refuse(event, f"the number {shown(text)} is too long", f"write at most {MAX_DIGITS} digits")
            return int(text) if _INTEGER.match(text) else Decimal(text)
        return text


def _text(path):
    """The file's text, or a FileProblem on its first line (on the damaged one where that is known)."""
    try:
        if not path.is_file():
            raise FileProblem(path, 1, "there is no such file", "check the name, or see 'kvo run --help'")
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise FileProblem(path, 1, f"cannot be read ({error.strerror})", "check its permissions") from None
    if len(raw) > MAX_BYTES:
        raise FileProblem(path, 1, f"larger than {MAX_BYTES // 1024} KiB", "split it into several files")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise FileProblem(path, line, "not text in UTF-8", "save it as UTF-8 text") from None


def _broken(path, error):
    """A FileProblem for what PyYAML cannot parse."""
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
    remedy = "mend the YAML here: indentation, colons, quotes and brackets"
    if "'\\t'" in what or "\t" in what:
        what, remedy = "a tab is used as indentation", "indent with spaces"
    elif "special characters" in what:
        what, remedy = "a control character is not allowed", "remove it, and save the file as UTF-8 text"
    return FileProblem(path, mark.line + 1 if mark else 1, what, remedy)


def read(path):
    """Read `path` and return its Source; FileProblem for anything that is not strict YAML with a mapping at its top."""
    path = Path(path)
    return parse(path, _text(path))


def parse(path, text):
    """The Source of `text`, as if it stood in the file `path`; FileProblem as in `read`."""
    path = Path(path)
    builder = _Builder(path, text)
    try:
        data = builder.document()
    except yaml.YAMLError as error:
        raise _broken(path, error) from None
    if not isinstance(data, dict):
        raise FileProblem(path, 1, "the file is not a mapping", "write 'key: value' lines, 'kvo: …' first")
    return Source(path, data, builder.lines)
