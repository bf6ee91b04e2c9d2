"""A tour of the tick through every delivery state, by the keys and readings that lead there.

Runs on both interpreters and brings its own motor. The caller does each tick, so that it can
watch it: `around(therapy, now_ms, readings, drive)`.
"""

from firmware.therapy import alarms as al
from firmware.therapy import layout, tables
from firmware.therapy.heads import SYRINGES, max_rate_ul_h
from firmware.therapy.prescription import Prescription
from firmware.therapy.therapy import Therapy
from hal import ports
from hal.compat import MASK, ticks_add, ticks_diff

STATES = 12
_FLAGS = ports.RF_MAINS | ports.RF_LINK_UP


class Pump:
    """Both channels, an ideal motor that obeys its lease, and a store that keeps all at once."""

    def __init__(self, around, head, start_ms, make_therapy=Therapy):
        self.around = around
        self.head = head
        self.therapy = make_therapy(head)
        self.controller = self.therapy.controller
        self.controller.library_ok = True
        self.readings = ports.Readings()
        self.readings.flags = _FLAGS
        self.drive = ports.Drive()
        self.now_ms = start_ms
        self.may_fail = False
        self.store_works = True
        self.visited = 0
        self.ticks = 0
        self.faults = []
        self.sensed = True  # drops fall, and a reservoir's level, as the motor turns
        self._micro = 0  # of a step
        self._unsensed = 0  # steps since the last whole drop, or microlitre
        self.run(12)

    def tick(self, key=0, ms=100):
        """Let `ms` pass and tick once."""
        self._move(ms)
        r = self.readings
        self.now_ms = ticks_add(self.now_ms, ms)
        r.key = key
        self.around(self.therapy, self.now_ms, r, self.drive)
        state = self.controller.delivery.state
        if state == tables.ST_FAILED and not self.may_fail:
            self.faults.append("failed by itself after tick %d" % self.ticks)
            self.may_fail = True
        self.visited |= 1 << state
        self.ticks += 1
        while self.store_works and self.controller.outbox.oldest() is not None:
            r.stored_seq = self.controller.outbox.done()

    def run(self, ticks, ms=100):
        """Tick `ticks` times."""
        for _ in range(ticks):
            self.tick(0, ms)

    def presses(self, *keys):
        """Press keys, a few ticks apart."""
        for key in keys:
            self.tick(key)
            self.run(3)

    def sees(self, flag, ticks):
        """Hold a sensor's flag for some ticks."""
        self.readings.flags |= flag
        self.run(ticks)
        self.readings.flags &= ~flag
        self.run(3)

    def posts(self, event):
        """The gatekeeper posts a trust event."""
        self.controller.mailbox.post(event)
        self.run(12)

    def _move(self, ms):
        d = self.drive
        if not (d.enable and d.relay and d.step_rate_mhz):
            return
        r = self.readings
        micro = self._micro + d.step_rate_mhz * ms
        steps = micro // 1000000
        self._micro = micro % 1000000
        room = ticks_diff(d.step_end, r.step_count)
        if d.step_rate_mhz > 0:
            steps = min(steps, max(room, 0))
        else:
            steps = max(steps, min(room, 0))
        r.step_count = (r.step_count + steps) & MASK
        r.encoder_count = r.step_count
        if self.sensed:
            self._sense(r, steps)

    def _sense(self, r, steps):
        unit = 800 if self.head == ports.HEAD_VOLUMETRIC else 3600000 // self.controller.dose.dosing.step_volume
        self._unsensed += steps
        whole = self._unsensed // unit
        self._unsensed %= unit
        if self.head == ports.HEAD_VOLUMETRIC:
            r.drips = (r.drips + whole) & MASK
        elif r.reservoir_ul > 0:
            r.reservoir_ul = max(r.reservoir_ul - whole, 0)


def prescription(head, syringe, rate_ul_h, policy):
    """A prescription with everything in it: boluses, a window, a volume, several segments."""
    rx = Prescription()
    rx.mode = layout.MODE_PCA
    rx.policy = policy
    rx.head = head
    rx.syringe = syringe
    rx.drug = 1
    rx.rate_hard_ul_h = rx.rate_soft_ul_h = max_rate_ul_h(head)
    rx.vtbi_ul = 0
    rx.kvo_ul_h = min(1000, rate_ul_h)
    rx.pressure_mmhg = 525
    rx.air_single_ul = 100
    rx.patient_ul = 100
    rx.patient_ul_h = max_rate_ul_h(head)
    rx.lockout_s = 5
    rx.clinician_ul = 2000
    rx.clinician_ul_h = max_rate_ul_h(head)
    rx.add(layout.KIND_HOLD, rate_ul_h, 0, 2)
    rx.add(layout.KIND_RAMP, rate_ul_h, 0, 3, 0, 1, rate_ul_h)
    rx.add(layout.KIND_SPREAD, rate_ul_h, 0, 3, 0, 2, rate_ul_h)
    rx.add(layout.KIND_HOLD, rate_ul_h, 0, 0)
    return rx


def start(pump, rx):
    """Programme `rx` as if confirmed, and start it."""
    pump.presses(ports.KEY_PROGRAMME)
    pump.therapy.offer_prescription(rx)
    pump.presses(ports.KEY_START)


def tour(around, head, syringe, rate_ul_h, start_ms, make_therapy=Therapy):
    """Visit every delivery state at `rate_ul_h`; return the pump with what was visited."""
    pump = Pump(around, head, start_ms, make_therapy)
    rx = prescription(head, syringe, rate_ul_h, layout.POLICY_KVO)
    _prime(pump, rx)
    start(pump, rx)
    _infuse(pump, rate_ul_h)
    _hazards(pump)
    _detect(pump)
    _trust(pump)
    _ends(pump, rate_ul_h, syringe)
    _refusals(pump, rx)
    _long_waits(pump, rate_ul_h, syringe)
    pump.readings.flags |= ports.RF_KEY_SWITCH  # isolated by now: a start needs it, and the glass broken
    pump.controller.glass.person = 7
    pump.presses(ports.KEY_GLASS_ON)
    pump.run(30)
    _volumes(pump, rate_ul_h, syringe)
    pump.presses(ports.KEY_STANDBY, ports.KEY_MAINTENANCE_ON, ports.KEY_MAINTENANCE_OFF)
    pump.may_fail = True
    pump.sees(ports.RF_SENSOR_FAULT, 15)
    pump.run(20)
    pump.controller.trust.complement ^= 1  # states that change by themselves
    pump.run(3)
    pump.controller.delivery.complement ^= 4
    pump.run(20)
    return pump


def _prime(pump, rx):
    pump.presses(ports.KEY_PROGRAMME)
    pump.therapy.offer_prescription(rx)
    pump.presses(ports.KEY_PRIME_ON)
    pump.run(20)
    pump.presses(ports.KEY_PRIME_OFF, ports.KEY_CANCEL)


def _infuse(pump, rate_ul_h):
    pump.run(150)
    pump.presses(ports.KEY_PATIENT_BOLUS, ports.KEY_CLINICIAN_BOLUS, ports.KEY_PATIENT_BOLUS)
    pump.run(200)
    pump.therapy.offer_titration(rate_ul_h // 2 + 1)
    pump.run(5)
    pump.therapy.offer_titration(rate_ul_h)
    pump.run(15)
    pump.presses(ports.KEY_STOP, ports.KEY_AUDIO_PAUSE)
    pump.run(1300)  # past the reminder
    pump.presses(ports.KEY_START)
    for ms in (500, 2900, 3000, 10000):  # late ticks and a stall past the lease
        pump.tick(0, ms)
        pump.run(15)


def _hazards(pump):
    r = pump.readings
    for flag in (ports.RF_DOOR_OPEN, ports.RF_CLAMP_OPEN, ports.RF_MOTOR_FAULT):
        pump.sees(flag, 15)
        pump.presses(ports.KEY_ACKNOWLEDGE, ports.KEY_START)
    if pump.head == ports.HEAD_VOLUMETRIC:
        pump.sees(ports.RF_AIR, 400)
        pump.presses(ports.KEY_ACKNOWLEDGE, ports.KEY_START)
    for name, wrong, right in (("down_mmhg", 1000, 0), ("up_mmhg", -100, 0), ("temperature_dc", 600, 250)):
        setattr(r, name, wrong)
        pump.run(30)
        setattr(r, name, right)
        pump.run(15)
        pump.presses(ports.KEY_ACKNOWLEDGE, ports.KEY_START)
    r.flags &= ~ports.RF_MAINS
    for permille in (1000, 999, 900, 800, 40, 5):  # the pace is learnt, then the end is near
        r.battery_permille = permille
        pump.run(30, 1_000)
        pump.presses(ports.KEY_AUDIO_PAUSE)
    r.battery_permille = 1000
    r.flags |= ports.RF_MAINS
    if pump.controller.alarms.is_shown(al.AL_BATTERY_LOW):
        pump.run(15)
    for held_ul in (60_000, 1_100, 990, 560, 520, 400):  # a reservoir that runs low, and out
        r.reservoir_ul = held_ul
        pump.run(25)
    r.reservoir_ul = -1
    pump.run(15)
    pump.presses(ports.KEY_ACKNOWLEDGE, ports.KEY_START)


def _detect(pump):
    """Flow that falls short, or runs on; sensors that are odd for a moment; an alarm that comes again and again."""
    r = pump.readings
    syringe = pump.head == ports.HEAD_SYRINGE
    if syringe:
        pump.presses(ports.KEY_PAUSE)
        r.reservoir_ul = 50000
        pump.run(12)
        pump.presses(ports.KEY_START)
    pump.run(15)
    pump.sensed = False
    pump.run(310, 1000)
    pump.sensed = True
    pump.run(60, 1000)
    pump.presses(ports.KEY_CLINICIAN_BOLUS, ports.KEY_PATIENT_BOLUS)
    for key in (0, ports.KEY_PAUSE):  # it runs on while the motor turns, and while it stands
        pump.presses(key)
        for _ in range(6):
            if syringe:
                r.reservoir_ul -= 200
            else:
                r.drips += 4
            pump.run(10)
        pump.presses(ports.KEY_ACKNOWLEDGE, ports.KEY_START)
    for name, wrong in (("up_mmhg", 900), ("encoder_count", r.encoder_count + 50 & MASK), ("drips", r.drips + 99)):
        right = getattr(r, name)
        setattr(r, name, wrong)
        pump.around(pump.therapy, pump.now_ms, r, pump.drive)  # one look, in no time
        setattr(r, name, right)
        pump.run(2)
    r.temperature_dc = -300
    pump.run(15)
    r.temperature_dc = 250
    pump.run(12)
    r.reservoir_ul += 400 if syringe else 0
    pump.run(15)
    r.reservoir_ul -= 400 if syringe else 0
    pump.run(15)
    pump.presses(ports.KEY_PAUSE)
    r.reservoir_ul = -1
    pump.run(12)
    pump.presses(ports.KEY_START)
    for _ in range(4):
        pump.sees(ports.RF_CLAMP_OPEN, 15)
        pump.run(12)
        pump.presses(ports.KEY_ACKNOWLEDGE, ports.KEY_START)


def _trust(pump):
    for event in (tables.EV_LINK_LOST, tables.EV_AUTHENTIC, tables.EV_HOSTILE):
        pump.posts(event)
    pump.posts(tables.EV_COMPROMISED)  # this policy: KVO
    pump.run(30)
    pump.readings.flags |= ports.RF_KEY_SWITCH
    pump.posts(tables.EV_RECOVERY_ON)
    pump.posts(tables.EV_RECOVERED)
    pump.presses(ports.KEY_START, ports.KEY_PAUSE, ports.KEY_STANDBY)
    pump.readings.flags &= ~ports.RF_KEY_SWITCH


def _ends(pump, rate_ul_h, syringe):
    """Volume over, by each policy, and the rolling limit."""
    for policy in (layout.POLICY_SUSTAIN, layout.POLICY_BASAL, layout.POLICY_KVO, layout.POLICY_STOP):
        rx = prescription(pump.head, syringe, rate_ul_h, policy)
        rx.vtbi_ul = 1
        start(pump, rx)
        pump.run(400 if rate_ul_h < 1000 else 30)
        pump.presses(ports.KEY_PAUSE, ports.KEY_STANDBY)
    rx = prescription(pump.head, syringe, rate_ul_h, layout.POLICY_STOP)
    rx.window_s = 3600
    rx.window_hard_ul = rate_ul_h // 3600 + 1
    start(pump, rx)
    pump.run(400 if rate_ul_h < 1000 else 30)
    pump.presses(ports.KEY_PAUSE, ports.KEY_STANDBY)


def _refusals(pump, rx):
    """What a person asks for in vain, and a store that comes too late."""
    rate = rx.rate_hard_ul_h
    pump.presses(ports.KEY_PRIME_ON, ports.KEY_CLINICIAN_BOLUS, ports.KEY_CONFIRM)
    pump.therapy.offer_titration(rate)
    pump.presses(ports.KEY_PROGRAMME, ports.KEY_START, ports.KEY_PRIME_ON)
    pump.tick(0, 181_000)  # a forgotten panel
    pump.presses(ports.KEY_CANCEL)
    start(pump, rx)
    pump.run(100)
    pump.therapy.offer_titration(rate + 1)
    pump.run(2)
    pump.store_works = False
    pump.presses(ports.KEY_CLINICIAN_BOLUS, ports.KEY_CLINICIAN_BOLUS)
    pump.run(12)
    for _ in range(14):  # until the ring of records is full, and some are lost
        pump.presses(ports.KEY_PAUSE, ports.KEY_START)
    pump.store_works = True
    pump.run(12)
    pump.readings.down_mmhg = 1000
    pump.presses(ports.KEY_START)
    pump.readings.down_mmhg = 0
    pump.presses(ports.KEY_ACKNOWLEDGE, ports.KEY_PAUSE, ports.KEY_STANDBY)


def _long_waits(pump, rate_ul_h, syringe):
    """Alarms that escalate, a rolling window that turns, a hostile episode that ends, isolation."""
    rx = prescription(pump.head, syringe, rate_ul_h, layout.POLICY_STOP)
    rx.window_s = 60
    rx.window_hard_ul = 2
    start(pump, rx)
    pump.run(400 if rate_ul_h < 1000 else 30)
    pump.posts(tables.EV_HOSTILE)
    pump.presses(ports.KEY_PAUSE)
    pump.tick(0, 121_000)
    pump.presses(ports.KEY_AUDIO_PAUSE)
    pump.run(1, 1_000)
    pump.tick(0, 301_000)
    pump.tick(0, 301_000)
    pump.presses(ports.KEY_START)
    pump.run(70, 1_000)
    pump.presses(ports.KEY_PAUSE, ports.KEY_STANDBY)
    start(pump, prescription(pump.head, syringe, rate_ul_h, layout.POLICY_STOP))
    pump.posts(tables.EV_COMPROMISED)  # this policy: stop
    pump.presses(ports.KEY_START, ports.KEY_PAUSE, ports.KEY_STANDBY)


def _volumes(pump, rate_ul_h, syringe):
    """Doses that repeat, priming to its bound, drips that nobody asked for."""
    rx = prescription(pump.head, syringe, rate_ul_h, layout.POLICY_KVO)
    rx.segments = 0
    rx.cycles = 3
    rx.add(layout.KIND_HOLD, rate_ul_h, 1, 0)
    rx.add(layout.KIND_HOLD, 0, 0, 1)
    start(pump, rx)
    pump.run(120 if rate_ul_h < 1000 else 60, 1_000)
    pump.presses(ports.KEY_PAUSE, ports.KEY_STANDBY, ports.KEY_PROGRAMME)
    pump.therapy.offer_prescription(rx)
    pump.presses(ports.KEY_PRIME_ON)
    pump.run(70, 2_000)
    pump.readings.drips += 9
    pump.run(2)
    pump.presses(ports.KEY_ACKNOWLEDGE, ports.KEY_CANCEL)


def extremes():
    """(head, syringe, rate) at the ends of both heads' ranges."""
    found = []
    for syringe in (SYRINGES[0][0], SYRINGES[-1][0]):
        for rate in (100, 12345, max_rate_ul_h(ports.HEAD_SYRINGE)):
            found.append((ports.HEAD_SYRINGE, syringe, rate))
    for rate in (100, 12345, max_rate_ul_h(ports.HEAD_VOLUMETRIC)):
        found.append((ports.HEAD_VOLUMETRIC, 0, rate))
    return found
