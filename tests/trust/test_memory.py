"""Little memory is told to a person, after comms has been let go of."""

from firmware.therapy.mailbox import Mailbox
from firmware.trust.memory import LOOK_MS, LOW_BYTES, TOLD_LOOKS, MemoryWatch
from hal.compat import MASK


class Supervisor:
    def __init__(self):
        self.dropped = 0

    def drop(self):
        self.dropped += 1


class Bench:
    """A watch from just before the clock's wrap on, and the heap it sees."""

    def __init__(self):
        self.free = LOW_BYTES
        self.looks = 0
        self.now_ms = MASK - 500
        self.supervisor = Supervisor()
        self.mailbox = Mailbox()
        self.watch = MemoryWatch(self.supervisor, self.mailbox, self.now_ms, self.look)

    def look(self):
        self.looks += 1
        return self.free

    def run(self, ms, step_ms=100):
        for _ in range(ms // step_ms):
            self.now_ms = self.now_ms + step_ms & MASK
            self.watch.look(self.now_ms)


def test_it_looks_once_a_second():
    bench = Bench()
    bench.run(10_000)
    assert bench.looks == 10_000 // LOOK_MS


def test_comms_goes_first_and_a_person_is_told_where_that_did_not_help():
    bench = Bench()
    bench.free = LOW_BYTES - 1
    bench.run(LOOK_MS)
    assert (bench.supervisor.dropped, bench.mailbox.memory_low) == (1, False)
    bench.free = LOW_BYTES
    bench.run(LOOK_MS)
    assert (bench.supervisor.dropped, bench.mailbox.memory_low) == (1, False)
    bench.free = 0
    bench.run(2 * LOOK_MS)
    assert (bench.supervisor.dropped, bench.mailbox.memory_low) == (3, True)


def test_the_alarm_outlasts_the_shortage_by_a_minute():
    bench = Bench()
    bench.watch.ran_out()
    assert (bench.watch.times, bench.supervisor.dropped, bench.mailbox.memory_low) == (1, 1, True)
    bench.run((TOLD_LOOKS - 1) * LOOK_MS)
    assert bench.mailbox.memory_low
    bench.run(LOOK_MS)
    assert not bench.mailbox.memory_low
