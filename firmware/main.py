"""The loop on a device: turns on the board's pacer, comms in what time is left.

    from firmware.main import run
    run(make_board())
"""

from firmware.app import App
from firmware.comms.raw import RawComms
from firmware.therapy.pace import TURN_MS
from firmware.trust.closed import ClosedGatekeeper, is_provisioned
from hal.compat import collect, const, ticks_add, ticks_diff
from hal.ports import AREA_AUDIT_A, AREA_AUDIT_B, AREA_SLOT_A, OK

# A turn overdue by this much: the pacer has stopped, and the main loop takes it.
LATE_MS = const(200)
LEAST_AUDIT = const(1024)  # bytes of each audit area; a smaller one holds no chain


class Loop:
    """Gives an App its turns. `raised` counts turns that an exception broke off: the watchdog is not fed then."""

    def __init__(self, app, pacer, clock):
        """`pacer` is the board's hal.ports.Pacer; one that cannot start leaves the turns to the main loop."""
        self.app = app
        self._pacer = pacer
        self._clock = clock
        self._busy = False
        self._scheduled = self.turn  # bound once: binding makes an object
        self._due_ms = clock.ticks_ms()
        self._patience_ms = LATE_MS if pacer.start(self._scheduled, TURN_MS) == OK else 0
        self.raised = 0

    def turn(self, _=None):
        """The pacer's callback. Lets no exception out: MicroPython's schedule may stay locked after one."""
        if self._busy:  # the main loop's own turn, pre-empted
            return
        self._busy = True
        try:
            self._due_ms = ticks_add(self._clock.ticks_ms(), TURN_MS)
            self.app.turn()
        except Exception:
            self.raised += 1
        finally:
            self._busy = False

    def run(self):
        """Go on until the board is switched off."""
        while self.step():
            pass

    def step(self):
        """Once round: time passes, an overdue turn, what may wait. False where the board is switched off."""
        if not self._pacer.rest():
            return False
        late_ms = ticks_diff(self._clock.ticks_ms(), self._due_ms)
        if late_ms >= self._patience_ms:
            self._take_turn(late_ms)
        self.app.background()
        return True

    def _take_turn(self, late_ms):
        due_ms = self._due_ms
        self.turn()
        if late_ms < TURN_MS:  # keep the beat; what is later than that is not caught up
            self._due_ms = ticks_add(due_ms, TURN_MS)


def gatekeeper_for(board):
    """Return the gatekeeper that judges by the pump's credentials, or the closed one where there are none."""
    if not is_provisioned(board.store):
        return ClosedGatekeeper(board)
    from firmware.intake import take_in

    areas, owed = take_in(board)
    from firmware.trust.gatekeeper import Gatekeeper  # half of a Pico's free heap: only for who has keys

    audit = audit_for(board.store)
    gatekeeper = Gatekeeper(board, audit)
    gatekeeper.library_areas = areas
    if audit is not None:
        audit.owed = owed
    elif owed is not None:
        owed.told()
    return gatekeeper


def audit_for(store):
    """Return what keeps the audit in `store`, or None where it has no place for one."""
    if store.size(AREA_AUDIT_A) < LEAST_AUDIT or store.size(AREA_AUDIT_B) < LEAST_AUDIT:
        return None
    from firmware.trust.audit import Audit
    from firmware.trust.noting import Noting

    return Noting(Audit(store))


def comms_for(link, pump_id, clock, entropy):
    """Return what makes comms on `link`: MQTT where it is dialled and the pump is somebody, else bytes as they are.

    `pump_id`: 8 bytes, or b"". `clock`, `entropy`: by which it waits and dials.
    """
    if not pump_id or not hasattr(link, "open"):
        return RawComms
    from firmware.comms.mqtt import MqttMaker

    return MqttMaker(pump_id, clock, entropy).make


def updates_for(board, gatekeeper):
    """Return what a pump does with updates whose firmware was booted from a slot; None for any other."""
    if not board.store.size(AREA_SLOT_A):
        return None
    from firmware.update.joined import updates_of

    return updates_of(board, gatekeeper)


def boot(board):
    """Boot the firmware on `board`; return its Loop."""
    gatekeeper = gatekeeper_for(board)
    updates = updates_for(board, gatekeeper)
    comms = comms_for(board.link, gatekeeper.pump_id(), board.clock, board.entropy)
    app = App(board, gatekeeper, comms, updates=updates)
    collect()
    return Loop(app, board.pacer, board.clock)


def run(board):
    """Boot the firmware on `board` and run it until the board is switched off."""
    boot(board).run()
