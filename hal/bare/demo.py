"""The demo: an hour of a pump that keeps its dose while the link is cut and the security layer is broken.

It does nothing that a person at the terminal could not do: each row is a key of keys.py at a second,
with 1 or 0 for what works both ways, and a line that tells what happens.
"""

from hal.bare.keys import place_of
from hal.compat import const
from hal.ports import HEAD_SYRINGE

LASTS_S = const(3600)

SCRIPT = (
    (0, b"", 1, b" A pump is switched on: it tests itself and waits."),
    (4, b"n", 1, b" A nurse enters norepinephrine, 0.1 ug/kg/min. It is one that is sustained."),
    (7, b"c", 1, b" The entry is held against the drug library's limits and confirmed."),
    (10, b"g", 1, b" Start. Flow begins once the record of it is stored."),
    (120, b"", 1, b" 6.562 mL/h. The next half hour is an attack on everything around this dose."),
    (300, b"l", 1, b" The network cable is pulled. Offline in ten seconds; the dose goes on."),
    (540, b"l", 0, b" It is back, but a carrier vouches for nobody: the pump stays offline."),
    (600, b"h", 1, b" Forged messages: suspect. Remote requests are refused, the dose goes on."),
    (630, b"a", 1, b" The nurse has seen the alarm."),
    (720, b"H", 1, b" A flood. It fills a mailbox of 256 bytes, and nothing else."),
    (725, b"H", 1, b""),
    (730, b"H", 1, b""),
    (960, b"R", 1, b" The chip is reset. It takes up the infusion from its journal, and says so."),
    (1020, b"a", 1, b" Acknowledged at the bedside."),
    (1200, b"P", 1, b" Ten seconds without power. The clock proves it short: the infusion resumes."),
    (1260, b"a", 1, b" Acknowledged at the bedside."),
    (1500, b"C", 1, b" The secure counter is put back: compromised, so isolated. The dose goes on."),
    (1530, b"l", 1, b" The cable is pulled as well: nobody can help from afar, and nobody harm."),
    (1560, b"m", 1, b" Two minutes of quiet for the sounder. The lamp stays."),
    (1800, b"o", 1, b" The line to the patient kinks: such a hazard stops it in any state of trust."),
    (2100, b"o", 0, b" The nurse finds the kink: the flow had stopped, with a HIGH alarm."),
    (2104, b"a", 1, b" Acknowledged: the cause is gone."),
    (2108, b"g", 1, b" Started again at its rate: at the bedside this needs no credentials."),
    (2400, b"y", 1, b" A bubble of 200 uL reaches the detector; past 100 uL the pump stops."),
    (2500, b"d", 1, b" The door is opened and the bubble drawn off."),
    (2520, b"d", 0, b" The door is closed."),
    (2524, b"a", 1, b" Acknowledged: the cause is gone."),
    (2528, b"g", 1, b" And on."),
    (2700, b"w", 1, b" The mains fail. The battery takes over."),
    (2880, b"w", 0, b" They are back."),
    (3000, b"G", 1, b" The firmware hangs: the lease ends the flow, the watchdog bites, it resumes."),
    (3060, b"a", 1, b" Acknowledged at the bedside."),
    (3300, b"l", 0, b" The cable is back. No message ends the isolation, only a person with cards."),
    (3540, b"s", 1, b" Stop: always allowed, for anybody who stands there."),
    (3550, b"z", 1, b" Standby. In a while another pump plays this again."),
)  # fmt: skip

# Where a syringe, which has no air detector, tells another story.
SYRINGE_SCRIPT = (
    (2400, b"", 1, b" A syringe has no air detector: its own hazards are clamp, plunger and size."),
    (2500, b"d", 1, b" Its clamp is lifted: a syringe that nothing holds stops the pump."),
    (2520, b"d", 0, b" The clamp is closed."),
)


class Demo:
    """`runs` while it plays; `story` is the line that tells what happens."""

    def __init__(self, desk):
        self._desk = desk
        self.runs = False
        self.story = b""
        self.rounds = 0  # played to the end
        self._began_s = 0
        self._next = 0

    def begin(self):
        """Play from the start, on a pump that has just been made."""
        self.runs = True
        self._began_s = self._desk.board.clock.s
        self._next = 0
        self.story = b""

    def end(self):
        """Leave the pump as it stands."""
        self.runs = False
        self.story = b""

    def _row(self):
        """The row that is next, as this head tells it."""
        row = SCRIPT[self._next]
        if self._desk.board.head == HEAD_SYRINGE:
            for other in SYRINGE_SCRIPT:
                if other[0] == row[0]:
                    return other
        return row

    def step(self):
        """Do what is due."""
        if not self.runs:
            return
        desk = self._desk
        at_s = desk.board.clock.s - self._began_s
        while self._next < len(SCRIPT) and SCRIPT[self._next][0] <= at_s:
            _, key, on, story = self._row()
            self._next += 1
            if story:
                self.story = story
            if key:
                desk.do(place_of(key[0]), on)
                return
        if at_s >= LASTS_S:
            self.rounds += 1
            desk.renew()
            self.begin()
