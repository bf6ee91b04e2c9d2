"""Faults of the board's small parts, of its power and of its time.

The parts carry the flags themselves, so that the firmware meets them as it meets the part.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

from hal import ports
from simulator.faults.kind import Apply, Kind, Parameter, Undo, Values, bit
from simulator.power import TORN, Cut

if TYPE_CHECKING:
    from simulator.world import World

Part = Callable[["World"], Any]
_AREAS = {"library": ports.AREA_LIBRARY, "journal_a": ports.AREA_JOURNAL_A, "journal_b": ports.AREA_JOURNAL_B}


def set_(part: Part, attribute: str, value: Any) -> Apply:
    """Set a part's flag to `value`, or to what `value(world, values)` gives; clearing sets it back."""

    def apply(world: World, values: Values) -> Undo:
        to = value(world, values) if callable(value) else value
        return world.faults.layers.set(part(world), attribute, to)

    return apply


def _clock(world: World) -> Any:
    return world.clock


def _store(world: World) -> Any:
    return world.board.store


def _rtc(world: World) -> Any:
    return world.board.rtc


def _link(world: World) -> Any:
    return world.board.link


def _board(world: World) -> Any:
    return world.board


def _counter(world: World) -> Any:
    return world.board.counter


def _entropy(world: World) -> Any:
    return world.board.entropy


def _watchdog(world: World) -> Any:
    return world.board.watchdog


def _scratch(world: World) -> Any:
    return world.board.scratch


# Faulty times. The clock's are of ms since power-on, the RTC's of its seconds.


def _clock_jumps(world: World, values: Values) -> Any:
    return lambda ms: ms + values["by"]


def _clock_stands(world: World, values: Values) -> Any:
    stands = world.clock.ms
    return lambda ms: stands


def _clock_runs(world: World, values: Values) -> Any:
    since = world.clock.ms
    return lambda ms: since + (ms - since) * values["permille"] // 1000


def _rtc_stands(world: World, values: Values) -> Any:
    stands = _rtc(world).read_s()
    return lambda s: stands


def _rtc_jumps(world: World, values: Values) -> Any:
    return lambda s: s + values["by"]


def _flips_in_store(world: World, values: Values) -> None:
    world.board.store.flip(_AREAS[values["area"]], values["offset"], values["bit"] & 7)


def _library_damaged(world: World, values: Values) -> None:
    world.board.store.flip(ports.AREA_LIBRARY, values["offset"], values["bit"] & 7)


# The link hands out what its `source` gives instead of what came, while that is set.


def _floods(world: World, values: Values) -> Any:
    random = Random(f"{world.seed}/flood/{world.clock.ms}")

    def flood(into: bytearray) -> int:
        into[:] = _no_script(random.randbytes(len(into)))
        return len(into)

    return flood


def _garbage(world: World, values: Values) -> None:
    random = Random(f"{world.seed}/garbage/{world.clock.ms}")
    world.board.link.deliver(_no_script(random.randbytes(values["count"])))


def _no_script(data: bytes) -> bytes:
    """Bytes that the scripted gatekeeper takes for hostile ones, never for local evidence."""
    return bytes(byte & 0x7F for byte in data)


class Somebody:
    """A reader on which a card seems to lie for ever; it answers as that person's, and has signed nothing."""

    def __init__(self, person: int) -> None:
        self._person = person

    def present(self) -> int:
        """A card."""
        return self._person

    def ask(self, question: bytes) -> int:
        """Anything."""
        return ports.OK

    def answer(self, into: bytearray) -> int:
        """In that person's name, with r and s of 1."""
        into[:] = self._person.to_bytes(4, "big") + ((1).to_bytes(32, "big") * 2)
        return ports.OK

    def reset(self) -> None:
        """It goes on."""


def _somebody(world: World, values: Values) -> Any:
    return Somebody(values["person"])


def _scratch_flips(world: World, values: Values) -> None:
    world.board.scratch.word ^= 1 << values["bit"]


def _counter_back(world: World, values: Values) -> None:
    counter = world.board.counter
    counter.value = max(counter.value - values["by"], 0)


def _resets(world: World, values: Values) -> None:
    world.watchdog_reset()


def _resets_comms(world: World, values: Values) -> None:
    world.watchdog_reset(comms=True)


def _power_cut(world: World, values: Values) -> None:
    world.power_cut(values["off"])


def _power_torn(world: World, values: Values) -> None:
    world.board.supply.arm(Cut(where=TORN, byte=values["byte"], seed=world.seed, off_ms=values["off"]))


def _hangs(world: World, values: Values) -> None:
    world.hang(values["last"])


def _stalls(world: World, values: Values) -> None:
    world.clock.advance(values["last"])


_ERASE = Parameter("take", "ms", 400, 45, 5_000, "how long an erase takes")
_WRITE = Parameter("take", "ms", 150, 1, 5_000, "how long a write takes")


def _off(default: int, high: int) -> tuple[Parameter, ...]:
    return (Parameter("off", "ms", default, 0, high, "how long it stays away"),)


def _last(default: int) -> tuple[Parameter, ...]:
    return (Parameter("last", "ms", default, 1, 60_000, "how long nothing runs"),)


KINDS = (
    Kind("clock_jumps", "clock", "the clock jumps, on or back, and runs on", set_(_clock, "fault", _clock_jumps), (
        Parameter("by", "ms", -5_000, -100_000_000, 100_000_000, "how far it jumps"),
    )),
    Kind("clock_stands", "clock", "the clock stands still", set_(_clock, "fault", _clock_stands)),
    Kind("clock_runs_off", "clock", "the clock runs at another speed", set_(_clock, "fault", _clock_runs), (
        Parameter("permille", "permille", 2_000, 0, 10_000, "speed, of a thousand"),
    )),
    Kind("rtc_absent", "rtc", "the clock that survives power does not answer", set_(_rtc, "dead", True)),
    Kind("rtc_battery_flat", "rtc", "the RTC loses the time with the power", set_(_rtc, "battery_flat", True)),
    Kind("rtc_stands", "rtc", "the RTC stands still", set_(_rtc, "fault", _rtc_stands)),
    Kind("rtc_jumps", "rtc", "the RTC jumps, on or back", set_(_rtc, "fault", _rtc_jumps), (
        Parameter("by", "s", -3_600, -100_000_000, 100_000_000, "how far it jumps"),
    )),
    Kind("store_fails", "store", "every call of the store answers failed", set_(_store, "rc", ports.ERR_FAILED)),
    Kind("store_busy", "store", "every call of the store answers busy", set_(_store, "rc", ports.ERR_BUSY)),
    Kind("store_full", "store", "no write and no erase is taken", set_(_store, "write_rc", ports.ERR_FULL)),
    Kind("store_unreadable", "store", "reads fail, writes do not", set_(_store, "read_rc", ports.ERR_FAILED)),
    Kind("store_forgets", "store", "writes answer OK and leave nothing", set_(_store, "forgets", True)),
    Kind("store_slow", "store", "each write takes long", set_(_store, "write_ms", lambda w, v: v["take"]), (_WRITE,)),
    Kind("erase_slow", "store", "each erase takes long", set_(_store, "erase_ms", lambda w, v: v["take"]), (_ERASE,)),
    Kind("store_flipped", "store", "a stored bit flips", _flips_in_store, (
        Parameter("area", "", "journal_a", 0, 0, "which area", tuple(_AREAS)),
        Parameter("offset", "bytes", 40, 0, 32_767, "which byte"), bit(0),
    ), lasts=False),
    Kind("library_flipped", "store", "a bit of the stored drug library flips", _library_damaged, (
        Parameter("offset", "bytes", 64, 0, 32_767, "which byte"), bit(0),
    ), lasts=False),
    Kind("link_flooded", "link", "more random bytes than anybody can take", set_(_link, "source", _floods)),
    Kind("link_garbage", "link", "random bytes arrive", _garbage, (
        Parameter("count", "bytes", 64, 1, 4_096, "how many"),
    ), lasts=False),
    Kind("link_mute", "link", "nothing is taken to be sent", set_(_link, "mute", True)),
    Kind("link_deaf", "link", "nothing that is sent arrives", set_(_link, "source", lambda w, v: lambda into: 0)),
    Kind("watchdog_dead", "watchdog", "the watchdog never bites", set_(_watchdog, "dead", True)),
    Kind("watchdog_reset", "watchdog", "the watchdog resets the pump", _resets, lasts=False),
    Kind("watchdog_reset_comms", "watchdog", "it resets the pump while comms is polled", _resets_comms, lasts=False),
    Kind("power_lost_short", "power", "power is away for a moment", _power_cut, _off(5_000, 600_000), lasts=False),
    Kind("power_lost_long", "power", "power is away for long", _power_cut, _off(600_000, 86_400_000), lasts=False),
    Kind("power_torn", "power", "power goes in the midst of the next store operation", _power_torn, (
        Parameter("byte", "bytes", 12, 0, 65_535, "of the write"), *_off(5_000, 600_000),
    ), lasts=False),
    Kind("entropy_fails", "entropy", "no random bytes are to be had", set_(_entropy, "rc", ports.ERR_FAILED)),
    Kind("entropy_constant", "entropy", "the random bytes are all zero", set_(_entropy, "constant", True)),
    Kind("secure_counter_absent", "secure counter", "it does not answer", set_(_counter, "rc", ports.ERR_ABSENT)),
    Kind("secure_counter_stuck", "secure counter", "advancing fails", set_(_counter, "advance_rc", ports.ERR_FAILED)),
    Kind("secure_counter_back", "secure counter", "it has lost counts", _counter_back, (
        Parameter("by", "", 1, 1, 1_000_000, "how many"),
    ), lasts=False),
    Kind("scratch_dead", "scratch", "the scratch word is 0 and stays so", set_(_scratch, "dead", True)),
    Kind("scratch_flipped", "scratch", "a bit of the scratch word flips", _scratch_flips, (bit(0),), lasts=False),
    Kind("identity_anybody", "identity", "a card seems to lie there", set_(_board, "identity", _somebody), (
        Parameter("person", "", 1, 0, 1_000, "whose it says it is"),
    )),
    Kind("panel_frozen", "panel", "display, lamp and sounder stay as they are", set_(_board, "panel_frozen", True)),
    Kind("tick_late", "time", "one turn comes late", _stalls, _last(70), lasts=False),
    Kind("stall_2s", "time", "nothing runs for two seconds, as in a handshake", _stalls, _last(2_000), lasts=False),
    Kind("turns_stop", "time", "no turn is taken while the clock goes on", _hangs, _last(20_000), lasts=False),
    Kind("stall_5s", "time", "nothing runs for five seconds, past any lease", _stalls, _last(5_000), lasts=False),
)  # fmt: skip
