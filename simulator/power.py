"""Power that goes in the midst of a store operation: where, and what the store is left with.

A NOR flash programs pages of 256 bytes and erases sectors of 4 KiB. Power that goes in a page
leaves bytes of it that landed, bytes that did not and bytes of which only some bits did; in a
sector, bits anywhere between what they were and erased. All of it follows the cut's seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

PAGE = 256
SECTOR = 4096
ERASED = 0xFF

# Kinds of store operation.
WRITE = "write"
ERASE = "erase"
ADVANCE = "advance"  # of the secure counter: a part that does whole or not at all

# Where in an operation the power goes.
BEFORE = "before"
TORN = "torn"  # at `byte`: what stands before it is done, the byte or sector itself in part
REORDERED = "reordered"  # within the page of `byte`, the bytes landed in another order
AFTER = "after"
PLACES = (BEFORE, TORN, REORDERED, AFTER)

# What a reset does not take away: the watchdog's.
WATCHDOG = -1


@dataclass(frozen=True, slots=True)
class Cut:
    """Power lost at a store operation.

    operation: counted from where the cut is armed, 1 the next. byte: of the data that is
    written, or of the area that is erased. off_ms: how long it stays away, or WATCHDOG for a
    reset that keeps power and the scratch word.
    """

    operation: int = 1
    where: str = BEFORE
    byte: int = 0
    seed: int = 0
    off_ms: int = 2_000

    def __post_init__(self) -> None:
        if self.where not in PLACES or self.operation < 1 or self.off_ms < WATCHDOG:
            raise ValueError(f"no such cut: {self}")


class PowerLost(BaseException):
    """The power went. No Exception: a firmware that swallows what it raises must not go on."""

    def __init__(self, cut: Cut) -> None:
        super().__init__(cut)
        self.cut = cut


@dataclass(frozen=True, slots=True)
class Operation:
    """A store operation that was begun."""

    kind: str
    area: int
    offset: int
    size: int


class Supply:
    """Counts the store operations of one board and ends them where a cut is armed."""

    def __init__(self) -> None:
        self.operations = 0
        self.log: list[Operation] | None = None  # a list to be filled, where somebody wants to see them
        self._cuts: list[Cut] = []
        self._due = 0

    def arm(self, *cuts: Cut) -> None:
        """Arm cuts, each counted from the one before it; those armed earlier are dropped."""
        self._cuts = list(cuts)
        self._due = self.operations + cuts[0].operation if cuts else 0

    @property
    def armed(self) -> int:
        """Cuts that are still to come."""
        return len(self._cuts)

    def begin(self, kind: str, area: int, offset: int, size: int) -> Cut | None:
        """An operation begins; the cut that ends it, if there is one."""
        self.operations += 1
        if self.log is not None:
            self.log.append(Operation(kind, area, offset, size))
        if not self._cuts or self.operations != self._due:
            return None
        cut = self._cuts.pop(0)
        self._due = self.operations + self._cuts[0].operation if self._cuts else 0
        return cut


def cut_write(cut: Cut, before: bytes, after: bytes, offset: int) -> bytes:
    """What a write of `after` over `before` at `offset` of its area leaves where `cut` ends it."""
    if cut.where == BEFORE or not before:
        return before
    if cut.where == AFTER:
        return after
    at = min(max(cut.byte, 0), len(before) - 1)
    random = Random(f"{cut.seed}/write")
    if cut.where == TORN:
        return after[:at] + bytes([_some_bits(before[at], after[at], random)]) + before[at + 1 :]
    first = max((offset + at) // PAGE * PAGE - offset, 0)
    last = min(first + PAGE - (offset + first) % PAGE, len(before))
    page = bytearray(before[first:last])
    for place in random.sample(range(last - first), random.randrange(last - first + 1)):
        page[place] = after[first + place]
    torn = random.randrange(last - first)
    page[torn] = _some_bits(before[first + torn], after[first + torn], random)
    return after[:first] + bytes(page) + before[last:]


def _some_bits(before: int, after: int, random: Random) -> int:
    """A byte some of whose bits have gone from `before` to `after`."""
    changed = random.getrandbits(8)
    return before & ~changed | after & changed


def cut_erase(cut: Cut, memory: bytearray) -> None:
    """Leave `memory`, an area, as an erase does that `cut` ends. Sectors go one by one."""
    if cut.where == BEFORE:
        return
    size = len(memory)
    first = size if cut.where == AFTER else min(max(cut.byte, 0), size - 1) // SECTOR * SECTOR
    memory[:first] = bytes([ERASED]) * first
    if first == size:
        return
    random = Random(f"{cut.seed}/erase")
    last = min(first + SECTOR, size)
    sector = int.from_bytes(memory[first:last], "little")
    bits = (last - first) * 8
    # The part clears what it can before it sets everything: bits go down, then up, each in its time.
    noise = random.getrandbits(bits)
    sector = sector & noise if random.random() < 0.3 else sector | noise
    memory[first:last] = sector.to_bytes(last - first, "little")
