"""The guardian by itself: a made-up therapy asks, and the guardian permits what the prescription says or cuts power.

What it permits is reckoned here as rate × time from the first tick that infuses.
"""

import copy
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.therapy import guardian as g
from firmware.therapy import layout
from firmware.therapy import permit as p
from firmware.therapy import tables as t
from firmware.therapy.guardian import Guardian
from firmware.therapy.layout import KIND_HOLD
from firmware.therapy.prescription import Prescription
from hal import ports
from hal.compat import MASK, ticks_diff

UL = 3_600_000
STEP = {ports.HEAD_VOLUMETRIC: 225_000, ports.HEAD_SYRINGE: 126_167}
FAST, SLOW = 600_000, 20_000
SLACK = 4


class Boluses:
    """The boluses that a made-up therapy gives."""

    def __init__(self):
        self.given = set()

    def waits(self, key):
        return key in self.given


class Rig:
    """A guardian, and a therapy that does what the test says. The motor stands at `count`."""

    def __init__(self, head=ports.HEAD_VOLUMETRIC, start=MASK - 500, now=MASK - 900):
        self.head = head
        self.step = STEP[head]
        self.guardian = Guardian(head)
        self.r = ports.Readings()
        self.r.step_count = start
        self.r.encoder_count = (start - 77) & MASK
        self.drive = ports.Drive()
        self.now = now
        self.want = 0  # steps past the count that therapy asks for by itself
        self.controller = SimpleNamespace(
            beat=0,
            delivery=SimpleNamespace(state=t.ST_SELF_TEST),
            dose=SimpleNamespace(boluses=Boluses(), profile=SimpleNamespace(override_ul_h=-1), rx=None),
        )

    @property
    def permit(self):
        return self.guardian.permit

    @property
    def tripped(self):
        return self.guardian.tripped

    def tick(self, state=None, ms=100, key=ports.KEY_NONE, moved=0, ahead=None, rate=None, turned=None):
        """One tick: the motor has made `moved` steps; therapy asks for `ahead` steps past the count."""
        controller, drive, r = self.controller, self.drive, self.r
        self.now = (self.now + ms) & MASK
        controller.beat += 1
        if state is not None:
            controller.delivery.state = state
        r.step_count = (r.step_count + moved) & MASK
        r.encoder_count = (r.encoder_count + (moved if turned is None else turned)) & MASK
        r.key = key
        flows = controller.delivery.state in (t.ST_PRIMING, t.ST_INFUSING, t.ST_BOLUS, t.ST_KVO)
        drive.step_rate_mhz = rate if rate is not None else 1 if flows else 0
        drive.step_end = (r.step_count + (ahead if ahead is not None else self.want if flows else 0)) & MASK
        drive.enable = drive.relay = 1
        self.guardian.watch(self.now, r, drive, controller)
        return drive

    def cap(self, ms=100, key=ports.KEY_NONE):
        """How many steps past the count the next tick would let the motor go, whatever is asked."""
        other = copy.deepcopy(self)
        drive = other.tick(ms=ms, ahead=1_000_000, key=key)
        return ticks_diff(drive.step_end, other.r.step_count)

    def expect(self, units, lease):
        """Steps permitted for `units` due and a lease of `lease` more."""
        return (units + lease) // self.step + SLACK

    def wants(self, rate):
        """Therapy asks for the lease of `rate` from now on."""
        self.want = lease_of(rate) // self.step

    def takes(self, rx):
        self.controller.dose.rx = rx
        assert self.guardian.offer(rx.encode(), self.step)


def rx_of(rate=SLOW, head=ports.HEAD_VOLUMETRIC, **fields):
    """An infusion at `rate`, limits wide open but `fields`."""
    rx = Prescription()
    values = {"policy": layout.POLICY_KVO, "rate_hard_ul_h": 1_200_000, "kvo_ul_h": min(1_000, rate), "head": head}
    for name, value in (values | fields).items():
        setattr(rx, name, value)
    rx.add(KIND_HOLD, rate, 0, 0)
    return rx


def programmed(rx=None, head=ports.HEAD_VOLUMETRIC, **fields):
    rig = Rig(head)
    rig.tick(t.ST_SELF_TEST)
    rig.tick(t.ST_STANDBY)
    rig.tick(t.ST_PROGRAMMING)
    rig.takes(rx if rx is not None else rx_of(head=head, **fields))
    return rig


def started(rx=None, head=ports.HEAD_VOLUMETRIC, **fields):
    """Infusing since this very tick: nothing is due yet."""
    rig = programmed(rx, head, **fields)
    rig.wants(rig.controller.dose.rx.seg_rate_ul_h[0])
    rig.tick(key=ports.KEY_START)
    rig.tick(t.ST_INFUSING)
    assert not rig.tripped
    return rig


def lease_of(rate):
    return min(rate * 3_000, 100 * UL)


def follow(rig, rate, ticks, ms=100):
    """Infuse as prescribed for so many ticks: the motor follows, the lease is asked for exactly."""
    due = rig.__dict__.setdefault("due", 0)
    made = rig.__dict__.setdefault("made", 0)
    for _ in range(ticks):
        due += rate * ms
        moved = due // rig.step - made
        made += moved
        rig.tick(ms=ms, moved=moved, ahead=(due % rig.step + lease_of(rate)) // rig.step)
    rig.due, rig.made = due, made
    return rig


def cut(drive):
    return (drive.step_rate_mhz, drive.enable, drive.relay) == (0, 0, 0)


def test_the_disclosed_figures():
    assert (g.ASKED_MS, g.ENCODER_UL, g.BEYOND_TICKS) == (3_500, 6, 20)
    assert (p.SLACK_STEPS, p.LATE_MS, p.SHORT_S, p.SHORT_SHARE) == (4, 300, 300, 20)
    assert sorted(getattr(g, name) for name in dir(g) if name.startswith("TRIP_")) == list(range(10))


def test_each_reason_has_the_number_that_the_journal_keeps():
    names = ("NONE", "AHEAD", "ENCODER", "BACK", "HEART", "COPIES", "UNASKED", "STILL", "ITSELF", "BEHIND")
    assert [getattr(g, f"TRIP_{name}") for name in names] == list(range(10))


# Its heart, its faults, its latch.


def test_right_therapy_is_left_alone():
    for rate in (100, SLOW, FAST, 1_200_000):
        rig = follow(started(rate=rate), rate, 1_500, ms=300)
        assert not rig.tripped, rate
        assert (rig.drive.enable, rig.drive.relay) == (1, 1)


def test_a_heart_that_stops_cuts_power_for_good():
    rig = follow(started(), SLOW, 5)
    rig.controller.beat -= 1
    drive = rig.tick()
    assert rig.tripped == g.TRIP_HEART
    assert cut(drive)
    for _ in range(50):
        assert cut(rig.tick())
    rig.tick(t.ST_STANDBY)
    rig.tick(t.ST_INFUSING)  # unasked, too
    assert rig.tripped == g.TRIP_HEART


def test_the_first_heart_beat_is_none_of_before():
    rig = Rig()
    rig.controller.beat = -1
    rig.tick()
    assert not rig.tripped


def test_a_guardian_that_fails_cuts_power():
    rig = started()
    rig.controller.dose = None
    assert cut(rig.tick())
    assert rig.tripped == g.TRIP_ITSELF


def test_bytes_that_are_no_prescription_are_refused():
    guardian = Guardian(ports.HEAD_VOLUMETRIC)
    data = bytearray(rx_of().encode())
    assert guardian.offer(bytes(data), 225_000)
    data[5] ^= 1
    assert not guardian.offer(bytes(data), 225_000)


# What people asked for.


def test_flow_that_no_person_asked_for_is_cut():
    rig = programmed()
    drive = rig.tick(t.ST_INFUSING)
    assert rig.tripped == g.TRIP_UNASKED
    assert cut(drive)


@pytest.mark.parametrize(("ticks", "asked"), [(0, True), (1, True), (34, True), (35, False), (36, False)])
def test_a_key_authorises_for_three_and_a_half_seconds(ticks, asked):
    rig = programmed()
    rig.tick(key=ports.KEY_START)
    for _ in range(max(ticks - 1, 0)):
        rig.tick()
    rig.tick(t.ST_INFUSING, ms=100 if ticks else 0)
    assert rig.tripped == (g.TRIP_NONE if asked else g.TRIP_UNASKED)


def test_a_key_in_the_very_tick_authorises():
    rig = programmed()
    rig.tick(t.ST_INFUSING, key=ports.KEY_START)
    assert not rig.tripped


@pytest.mark.parametrize(
    "key", [ports.KEY_STOP, ports.KEY_PRIME_ON, ports.KEY_PATIENT_BOLUS, ports.KEY_CLINICIAN_BOLUS]
)
def test_no_other_key_starts(key):
    rig = programmed()
    rig.tick(key=key)
    rig.tick(t.ST_INFUSING)
    assert rig.tripped == g.TRIP_UNASKED


def test_a_start_without_a_prescription_is_cut():
    rig = Rig()
    rig.tick()
    rig.tick(t.ST_STANDBY)
    rig.tick(t.ST_PROGRAMMING, key=ports.KEY_START)
    rig.tick(t.ST_INFUSING)
    assert rig.tripped == g.TRIP_UNASKED


def test_a_prescription_is_taken_into_use_once():
    rig = follow(started(), SLOW, 5)
    rig.tick(t.ST_PAUSED)
    rig.tick(t.ST_STANDBY)
    rig.tick(t.ST_PROGRAMMING, key=ports.KEY_START)
    rig.tick(t.ST_INFUSING)
    assert rig.tripped == g.TRIP_UNASKED


@pytest.mark.parametrize("state", [t.ST_PAUSED, t.ST_STOPPED])
def test_going_on_after_a_pause_or_a_hazard_needs_a_key(state):
    for key, why in ((ports.KEY_START, g.TRIP_NONE), (ports.KEY_NONE, g.TRIP_UNASKED)):
        rig = follow(started(), SLOW, 5)
        for _ in range(40):
            rig.tick(state)
        rig.tick(key=key)
        rig.tick(t.ST_INFUSING)
        assert rig.tripped == why


def test_going_on_after_kvo_needs_a_key():
    for key, why in ((ports.KEY_START, g.TRIP_NONE), (ports.KEY_NONE, g.TRIP_UNASKED)):
        rig = started(rate=0)
        for _ in range(40):
            rig.tick(t.ST_KVO)
        rig.tick(key=key)
        rig.tick(t.ST_INFUSING)
        assert rig.tripped == why


@pytest.mark.parametrize(
    "state", [t.ST_STANDBY, t.ST_PROGRAMMING, t.ST_PAUSED, t.ST_STOPPED, t.ST_PRIMING, t.ST_COMPLETE]
)
def test_kvo_is_entered_from_flow_alone(state):
    rig = started()
    rig.tick(t.ST_PROGRAMMING, key=ports.KEY_PRIME_ON)
    rig.tick(state)
    assert not rig.tripped
    rig.tick(t.ST_KVO, key=ports.KEY_START)
    assert rig.tripped == g.TRIP_UNASKED


@pytest.mark.parametrize("state", [t.ST_INFUSING, t.ST_BOLUS])
def test_kvo_from_flow_needs_no_key(state):
    rig = started(rate=0)
    for _ in range(40):
        rig.tick(state)
    rig.tick(t.ST_KVO)
    assert not rig.tripped


def test_priming_needs_its_own_key():
    for key, why in ((ports.KEY_PRIME_ON, g.TRIP_NONE), (ports.KEY_NONE, g.TRIP_UNASKED), (ports.KEY_START, 6)):
        rig = programmed()
        rig.tick(key=key)
        rig.tick(t.ST_PRIMING)
        assert rig.tripped == why
    rig = programmed()
    rig.tick(key=ports.KEY_PRIME_ON)
    for _ in range(34):
        rig.tick()
    rig.tick(t.ST_PRIMING)
    assert rig.tripped == g.TRIP_UNASKED


# What it permits.


@given(rate=st.integers(100, 1_200_000), ticks=st.integers(0, 12), ms=st.integers(1, 2_900))
@settings(max_examples=40, deadline=None)
def test_it_permits_rate_times_time_and_a_lease(rate, ticks, ms):
    ms = min(ms, lease_of(rate) // rate)
    rig = started(rate=rate)
    follow(rig, rate, ticks, ms)
    due = rate * ms * (ticks + 1)
    assert rig.cap(ms) == rig.expect(due - rig.made * rig.step, lease_of(rate))


@pytest.mark.parametrize("rate", [119_999, 120_000, 120_001])
def test_a_lease_is_at_most_a_tenth_of_a_millilitre(rate):
    rig = started(rate=rate)
    assert rig.cap(0) == rig.expect(0, min(rate * 3_000, 100 * UL))


def test_no_tick_permits_more_than_a_lease_of_time():
    rig = started()
    assert rig.cap(60_000) == rig.cap(3_000)
    assert rig.cap(2_999) <= rig.cap(3_000)
    rig = started(rate=1_000)
    assert rig.cap(3_000) > rig.cap(2_000)


def test_a_clock_that_runs_backwards_permits_nothing():
    rig = follow(started(), SLOW, 3)
    before = rig.cap(0)
    assert rig.cap(-500) == before
    rig = follow(started(rate=1_200_000), 1_200_000, 1)
    before = rig.cap(0)
    assert rig.cap(-500) == before
    assert rig.cap(1) > before


def test_what_is_asked_within_it_is_left_as_it_is():
    rig = started()
    room = rig.cap()
    drive = rig.tick(ahead=room)
    assert ticks_diff(drive.step_end, rig.r.step_count) == room
    assert drive.step_rate_mhz == 1
    assert not rig.tripped


def test_a_little_beyond_is_cut_short_and_twenty_ticks_of_it_trip():
    rig = started(rate=0)
    for _ in range(20):
        drive = rig.tick(ahead=SLACK + 1)
        assert ticks_diff(drive.step_end, rig.r.step_count) == SLACK
        assert not rig.tripped
    rig.tick(ahead=SLACK)  # within: the count begins anew
    for _ in range(20):
        rig.tick(ahead=SLACK + 1)
    assert not rig.tripped
    drive = rig.tick(ahead=SLACK + 1)
    assert rig.tripped == g.TRIP_AHEAD
    assert cut(drive)


def test_far_beyond_trips_at_once():
    for rate in (0, SLOW):
        tolerance = rate * 3_000 // 2 // 225_000 + SLACK
        for more, why in ((tolerance, g.TRIP_NONE), (tolerance + 1, g.TRIP_AHEAD)):
            rig = started(rate=rate)
            rig.tick(ms=0, ahead=rig.cap(0) + more)
            assert rig.tripped == why


def test_a_new_therapy_forgets_how_often_the_one_before_went_beyond():
    rig = started(rate=0)
    for _ in range(20):
        rig.tick(ahead=SLACK + 1)
    rig.tick(t.ST_PAUSED)
    rig.tick(t.ST_STANDBY)
    rig.tick(t.ST_PROGRAMMING, key=ports.KEY_START)
    rig.takes(rx_of(0))
    rig.tick(t.ST_INFUSING, ahead=SLACK + 1)
    for _ in range(19):
        rig.tick(ahead=SLACK + 1)
    assert not rig.tripped
    rig.tick(ahead=SLACK + 1)
    assert rig.tripped == g.TRIP_AHEAD


def test_a_lease_of_one_step_is_one_step():
    rig = started()
    rig.tick(ms=12, ahead=1)  # 240,000 units are due: a step and 15,000
    assert rig.cap(0) == rig.expect(240_000, lease_of(SLOW))
    rig.tick(ms=0, ahead=0)
    assert rig.cap(0) == rig.expect(15_000, lease_of(SLOW))  # nothing past the end of the lease


def test_the_volume_to_be_infused_bounds_it():
    rig = started(rate=FAST, vtbi_ul=20)
    follow(rig, FAST, 1)  # 16.7 µL
    assert rig.cap(100) == rig.expect(20 * UL - rig.made * rig.step, lease_of(FAST))
    assert rig.cap(3_000) == rig.cap(120)


def test_sustain_goes_past_its_volume():
    rx = rx_of(FAST, vtbi_ul=20, policy=layout.POLICY_SUSTAIN)
    rig = follow(started(rx), FAST, 5)
    assert rig.cap() == rig.expect(FAST * 600 - rig.made * rig.step, lease_of(FAST))


def test_the_rolling_limit_bounds_it():
    rig = started(rate=FAST, window_s=3_600, window_hard_ul=20)
    assert rig.cap(3_000) == rig.expect(20 * UL, lease_of(FAST))


def test_kvo_is_permitted_at_its_rate_and_never_above_the_programmed_one():
    for kvo, held in ((1_000, 1_000), (30_000, SLOW)):
        rig = started(kvo_ul_h=kvo)
        rig.wants(held)
        rig.tick(t.ST_KVO, ms=0)
        assert rig.cap(1_000) == rig.expect(held * 1_000, held * 3_000)


def test_kvo_counts_towards_the_rolling_limit():
    rig = started(kvo_ul_h=SLOW, window_s=3_600, window_hard_ul=10)
    rig.tick(t.ST_KVO, ms=0)
    follow(rig, SLOW, 18)  # 10 µL
    rig.tick(t.ST_INFUSING, ms=0, key=ports.KEY_START, ahead=0)
    assert not rig.tripped
    assert rig.cap(3_000) == rig.expect(rig.due - rig.made * rig.step, lease_of(SLOW))


def test_kvo_without_a_prescription_permits_nothing():
    permit = p.Permit(ports.HEAD_VOLUMETRIC)
    permit.keep_open()
    permit.pass_ms(t.ST_KVO, 3_000)
    assert (permit.steps, permit.lease_units(t.ST_KVO)) == (0, 0)


@pytest.mark.parametrize(
    ("head", "rate", "volume_ul"), [(ports.HEAD_SYRINGE, 100_000, 2_000), (ports.HEAD_VOLUMETRIC, 600_000, 20_000)]
)
def test_priming_is_permitted_at_its_rate_up_to_its_volume(head, rate, volume_ul):
    rig = programmed(head=head)
    rig.wants(rate)
    rig.tick(key=ports.KEY_PRIME_ON)
    rig.tick(t.ST_PRIMING)
    assert rig.cap(300) == rig.expect(rate * 300, lease_of(rate))
    follow(rig, rate, volume_ul * UL // rate // 200 - 1, ms=200)
    assert not rig.tripped
    assert rig.cap(600) == rig.expect(volume_ul * UL - rig.made * rig.step, lease_of(rate))


def test_priming_begins_anew_each_time():
    rig = programmed()
    for _ in range(2):
        rig.tick(key=ports.KEY_PRIME_ON)
        rig.wants(FAST)
        rig.tick(t.ST_PRIMING)
        rig.due = rig.made = 0
        follow(rig, FAST, 400, ms=200)
        assert not rig.tripped
        rig.tick(t.ST_PROGRAMMING)
    assert not rig.tripped


# Stalls and shortfalls.


def test_a_prime_may_begin_in_the_tick_in_which_one_ends():
    rig = programmed()
    rig.wants(600_000)
    rig.tick(key=ports.KEY_PRIME_ON)
    rig.tick(t.ST_PRIMING)
    follow(rig, 600_000, 1_200)  # 20 mL
    assert rig.permit.primed() and not rig.tripped
    before = rig.permit.steps
    rig.tick(ms=0, key=ports.KEY_PRIME_ON)
    follow(rig, 600_000, 100)
    assert not rig.permit.primed() and not rig.tripped
    assert abs(ticks_diff(rig.permit.steps, before) - 600_000 * 10_000 // rig.step) <= 2


def test_a_prime_that_is_not_over_begins_no_other():
    rig = programmed()
    rig.wants(600_000)
    rig.tick(key=ports.KEY_PRIME_ON)
    rig.tick(t.ST_PRIMING)
    follow(rig, 600_000, 600)
    rig.tick(ms=0, key=ports.KEY_PRIME_ON)
    assert rig.permit._prime._ul == 10_000 and not rig.tripped


def test_what_is_missed_past_the_lease_is_never_caught_up():
    rig = follow(started(rate=FAST), FAST, 10)
    end = ticks_diff(rig.drive.step_end, rig.r.step_count)
    rig.tick(ms=3_000, moved=end, ahead=end)
    assert not rig.tripped
    # It permits from the lease's end on, not from where the time would be.
    assert rig.cap(0) <= end + SLACK + 1
    assert rig.cap(0) >= end


def test_volume_that_a_stall_missed_may_still_be_given():
    """The volume to be infused is not used up by what never flowed."""
    rig = started(rate=FAST, vtbi_ul=400)
    follow(rig, FAST, 1)
    end = ticks_diff(rig.drive.step_end, rig.r.step_count)
    rig.tick(ms=3_000, moved=end, ahead=0)
    total = rig.made + end
    for _ in range(100):
        room = rig.cap()
        moved = min(room, 300)
        rig.tick(moved=moved, ahead=0 if room < 300 else 300)
        total += moved
        if rig.tripped:
            break
    assert total * rig.step <= 400 * UL + lease_of(FAST) * 2 + SLACK * rig.step


def short(share_permille, seconds, rate=SLOW, ms=300):
    """Therapy asks for so much of what is due, with a lease of nothing."""
    rig = started(rate=rate)
    due = made = 0
    for _ in range(seconds * 1000 // ms):
        due += rate * ms * share_permille // 1000
        moved = due // rig.step - made
        made += moved
        rig.tick(ms=ms, moved=moved, ahead=0)
        if rig.tripped:
            break
    return rig


def test_asking_for_nothing_is_told_within_five_minutes():
    rig = short(0, 300)
    assert rig.tripped == g.TRIP_BEHIND
    assert cut(rig.drive)


def test_asking_for_nine_tenths_is_told_and_for_97_hundredths_is_not():
    assert short(900, 300).tripped == g.TRIP_BEHIND
    assert not short(970, 900).tripped


def test_a_shortfall_of_a_lease_and_a_little_is_borne():
    """Trips where what was never asked for exceeds a lease, four steps and a twentieth of what was due."""
    rig = started(rate=SLOW)
    due = 0
    lease = lease_of(SLOW) // rig.step
    for _ in range(600):
        due += SLOW * 100
        rig.tick(ahead=0)
        steps = due // rig.step
        if steps > steps // 20 + lease + SLACK:
            break
        assert not rig.tripped, due
    assert rig.tripped == g.TRIP_BEHIND


def test_the_account_of_shortfalls_is_closed_every_five_minutes():
    """Each stretch of five minutes may lose a lease and a twentieth; what one has left over is not saved up."""
    rig = started(rate=SLOW)
    due = made = 0
    for stretch in range(4):
        for place in range(1_000):
            due += SLOW * 300
            moved = due // rig.step - made
            made += moved
            # Lost at the end of each stretch: 1,493 steps of 26,667, of which 1,603 may be.
            rig.tick(ms=300, moved=0 if 930 <= place < 986 else moved, ahead=0)
        assert not rig.tripped, stretch


def test_what_a_stall_costs_is_the_stalls():
    rig = started(rate=SLOW)
    for _ in range(60):
        rig.tick(ms=301, ahead=0)
    assert not rig.tripped
    rig = started(rate=SLOW)
    for _ in range(100):
        rig.tick(ms=300, ahead=0)
    assert rig.tripped == g.TRIP_BEHIND


# Boluses.


def bolus_rx(**fields):
    values = {
        "patient_ul": 100, "patient_ul_h": 300_000, "lockout_s": 60, "clinician_ul": 200, "clinician_ul_h": 500_000
    } | fields  # fmt: skip
    return rx_of(SLOW, **values)


def with_bolus(key=ports.KEY_PATIENT_BOLUS, **fields):
    """A bolus begins with this tick."""
    rig = follow(started(bolus_rx(**fields)), SLOW, 5)
    rig.tick(ms=0, key=key)
    rig.controller.dose.boluses.given.add(key)
    rig.wants(SLOW + (300_000 if key == ports.KEY_PATIENT_BOLUS else 500_000))
    rig.tick(t.ST_BOLUS, ms=0)
    return rig


@pytest.mark.parametrize(("key", "rate"), [(ports.KEY_PATIENT_BOLUS, 300_000), (ports.KEY_CLINICIAN_BOLUS, 500_000)])
def test_a_bolus_that_a_person_asked_for_is_permitted_on_top(key, rate):
    rig = with_bolus(key)
    assert not rig.tripped
    assert rig.cap(300) == rig.expect(rig.due % rig.step + (SLOW + rate) * 300, lease_of(SLOW + rate))


@pytest.mark.parametrize(("key", "ul"), [(ports.KEY_PATIENT_BOLUS, 100), (ports.KEY_CLINICIAN_BOLUS, 200)])
def test_a_bolus_is_permitted_once_and_to_the_unit(key, ul):
    rig = with_bolus(key)
    for _ in range(50):
        rig.tick(ms=500, ahead=0)
    permitted = ticks_diff(rig.permit.steps, rig.r.step_count)
    assert permitted <= ul * UL // rig.step + SLOW * 25_000 // rig.step + SLACK
    assert rig.permit._bolus_ul_h(SLOW) == 0


@pytest.mark.parametrize("key", [ports.KEY_PATIENT_BOLUS, ports.KEY_CLINICIAN_BOLUS])
def test_a_bolus_that_nobody_asked_for_is_cut(key):
    for pressed in (ports.KEY_NONE, ports.KEY_START, ports.KEY_PATIENT_BOLUS, ports.KEY_CLINICIAN_BOLUS):
        rig = follow(started(bolus_rx()), SLOW, 40)
        rig.tick(ms=0, key=pressed)
        rig.controller.dose.boluses.given.add(key)
        rig.tick(t.ST_BOLUS, ms=0)
        assert rig.tripped == (g.TRIP_NONE if pressed == key else g.TRIP_UNASKED)


@pytest.mark.parametrize("key", [ports.KEY_PATIENT_BOLUS, ports.KEY_CLINICIAN_BOLUS])
@pytest.mark.parametrize(("ticks", "why"), [(34, g.TRIP_NONE), (35, g.TRIP_UNASKED)])
def test_a_press_is_good_for_three_and_a_half_seconds(key, ticks, why):
    rig = started(bolus_rx(lockout_s=0))
    rig.tick(ms=0, key=key)
    follow(rig, SLOW, ticks)
    rig.controller.dose.boluses.given.add(key)
    rig.tick(t.ST_BOLUS, ms=0)
    assert rig.tripped == why


@pytest.mark.parametrize("key", [ports.KEY_PATIENT_BOLUS, ports.KEY_CLINICIAN_BOLUS])
def test_one_press_is_one_bolus(key):
    rig = with_bolus(key, lockout_s=0)
    rig.controller.dose.boluses.given.clear()
    rig.wants(SLOW)
    rig.tick(t.ST_INFUSING, ms=0)
    rig.controller.dose.boluses.given.add(key)
    rig.tick(t.ST_BOLUS, ms=0)
    assert rig.tripped == g.TRIP_UNASKED


def second_bolus(after_ms, lockout_s=60):
    rig = with_bolus(lockout_s=lockout_s)
    rig.controller.dose.boluses.given.clear()
    rig.wants(SLOW)
    rig.tick(t.ST_PAUSED, ms=0)
    for _ in range(after_ms // 100):
        rig.tick()
    rig.tick(t.ST_INFUSING, ms=0, key=ports.KEY_START)
    rig.tick(ms=0, key=ports.KEY_PATIENT_BOLUS)
    rig.controller.dose.boluses.given.add(ports.KEY_PATIENT_BOLUS)
    rig.tick(t.ST_BOLUS, ms=0)
    return rig.tripped


def test_the_patient_waits_for_the_lock_out():
    assert second_bolus(58_000) == g.TRIP_UNASKED
    assert second_bolus(60_100) == g.TRIP_NONE
    assert second_bolus(0, lockout_s=0) == g.TRIP_NONE


def test_the_clinician_does_not_wait_for_it():
    rig = with_bolus()
    rig.tick(ms=0, key=ports.KEY_CLINICIAN_BOLUS)
    rig.controller.dose.boluses.given.add(ports.KEY_CLINICIAN_BOLUS)
    rig.tick(ms=0)
    assert not rig.tripped


def test_the_patients_runs_first_and_then_the_clinicians():
    rig = with_bolus(ports.KEY_CLINICIAN_BOLUS)
    rig.tick(ms=0, key=ports.KEY_PATIENT_BOLUS)
    rig.controller.dose.boluses.given.add(ports.KEY_PATIENT_BOLUS)
    rig.tick(ms=0)
    assert rig.permit._bolus_ul_h(SLOW) == 300_000
    rig.controller.dose.boluses.given.discard(ports.KEY_PATIENT_BOLUS)
    rig.tick(ms=0)
    assert rig.permit._bolus_ul_h(SLOW) == 500_000
    rig.controller.dose.boluses.given.clear()
    rig.tick(ms=0)
    assert rig.permit._bolus_ul_h(SLOW) == 0


@pytest.mark.parametrize("state", [t.ST_PAUSED, t.ST_KVO, t.ST_STOPPED])
def test_a_bolus_is_forfeit_with_the_flow(state):
    for key in (ports.KEY_PATIENT_BOLUS, ports.KEY_CLINICIAN_BOLUS):
        rig = with_bolus(key)
        rig.wants(1_000)
        rig.tick(state, ms=0)
        rig.tick(t.ST_INFUSING, ms=0, key=ports.KEY_START)
        assert rig.tripped == g.TRIP_UNASKED  # therapy still gives it: nobody asked again
        rig = with_bolus(key)
        rig.wants(1_000)
        rig.controller.dose.boluses.given.clear()
        rig.tick(state, ms=0)
        rig.tick(t.ST_INFUSING, ms=0, key=ports.KEY_START)
        assert not rig.tripped
        assert rig.permit._bolus_ul_h(SLOW) == 0


def test_a_bolus_goes_no_faster_than_the_head():
    for head, fastest in ((ports.HEAD_SYRINGE, 150_000), (ports.HEAD_VOLUMETRIC, 1_200_000)):
        rx = rx_of(100_000, head=head, patient_ul=100, patient_ul_h=1_190_000)
        rig = started(rx, head)
        rig.tick(ms=0, key=ports.KEY_PATIENT_BOLUS)
        rig.controller.dose.boluses.given.add(ports.KEY_PATIENT_BOLUS)
        rig.tick(t.ST_BOLUS, ms=0)
        assert rig.permit._bolus_ul_h(100_000) == fastest - 100_000
        assert rig.permit._bolus_ul_h(fastest - 10) == 10


# Rates.


def test_a_rate_that_a_person_confirmed_is_permitted():
    rig = follow(started(), SLOW, 3)
    rig.guardian.offer_titration(60_000)
    rig.controller.dose.profile.override_ul_h = 60_000
    rig.wants(60_000)
    rig.tick(ms=0)
    assert not rig.tripped
    assert rig.cap(500) == rig.expect(rig.due % rig.step + 60_000 * 500, lease_of(60_000))


@pytest.mark.parametrize("rate", [1_000, 60_000])
def test_a_rate_confirmed_in_a_pause_is_permitted_whenever_it_goes_on(rate):
    rig = follow(started(), SLOW, 3)
    rig.tick(t.ST_PAUSED)
    rig.guardian.offer_titration(rate)
    rig.controller.dose.profile.override_ul_h = rate
    for _ in range(100):
        rig.tick()
    rig.wants(rate)
    rig.tick(key=ports.KEY_START)
    rig.tick(t.ST_INFUSING)
    assert not rig.tripped and rig.permit.course.rate_ul_h == rate


def test_a_rate_that_nobody_confirmed_in_a_pause_is_cut():
    rig = follow(started(), SLOW, 3)
    rig.tick(t.ST_PAUSED)
    rig.controller.dose.profile.override_ul_h = 60_000
    rig.tick()
    assert rig.tripped == g.TRIP_UNASKED


def test_a_rate_that_nobody_confirmed_is_cut():
    for offered, taken in ((None, 60_000), (50_000, 60_000), (None, 1), (60_000, 50_000), (None, 0)):
        rig = follow(started(), SLOW, 3)
        if offered is not None:
            rig.guardian.offer_titration(offered)
        rig.controller.dose.profile.override_ul_h = taken
        rig.tick()
        assert rig.tripped == g.TRIP_UNASKED


def test_a_rate_is_confirmed_once():
    rig = follow(started(), SLOW, 3)
    rig.guardian.offer_titration(60_000)
    for override, why in ((60_000, g.TRIP_NONE), (-1, g.TRIP_UNASKED)):
        rig.controller.dose.profile.override_ul_h = override
        rig.tick(ms=0)
        assert rig.tripped == why
    rig = follow(started(), SLOW, 3)
    rig.guardian.offer_titration(60_000)
    rig.guardian.offer_titration(50_000)
    rig.controller.dose.profile.override_ul_h = 60_000
    rig.tick()
    assert rig.tripped == g.TRIP_UNASKED
    rig = follow(started(), SLOW, 3)
    for rate, why in ((60_000, g.TRIP_NONE), (50_000, g.TRIP_NONE), (60_000, g.TRIP_UNASKED)):
        if rate == 50_000 or not rig.permit.course.override_ul_h > 0:
            rig.guardian.offer_titration(rate)
        rig.controller.dose.profile.override_ul_h = rate
        rig.tick(ms=0)
        assert rig.tripped == why


@pytest.mark.parametrize(("ticks", "why"), [(34, g.TRIP_NONE), (35, g.TRIP_UNASKED)])
def test_a_confirmed_rate_is_good_for_three_and_a_half_seconds(ticks, why):
    rig = started()
    rig.guardian.offer_titration(60_000)
    follow(rig, SLOW, ticks)
    rig.controller.dose.profile.override_ul_h = 60_000
    rig.tick(ms=0)
    assert rig.tripped == why


@pytest.mark.parametrize("then", [0, 1, 60_000])
def test_an_offer_that_was_taken_up_or_ran_out_offers_nothing(then):
    rig = follow(started(policy=layout.POLICY_SUSTAIN, rate_hard_ul_h=90_000), SLOW, 3)
    rig.guardian.offer_titration(60_000)
    for rate in (60_000, 5, 0):  # taken up; then sustained ever lower
        rig.controller.dose.profile.override_ul_h = rate
        rig.tick(ms=0)
        assert not rig.tripped
    if then:
        rig.controller.dose.profile.override_ul_h = then
        rig.tick(ms=0)
        assert rig.tripped == g.TRIP_UNASKED
    rig = follow(started(), SLOW, 3)
    rig.guardian.offer_titration(60_000)
    for rate in (60_000, then):
        rig.controller.dose.profile.override_ul_h = rate
        rig.tick(ms=0)
    assert rig.tripped == (g.TRIP_NONE if then == 60_000 else g.TRIP_UNASKED)
    rig = started(rate=0)
    rig.guardian.offer_titration(60_000)
    for _ in range(40):
        rig.tick()
    rig.controller.dose.profile.override_ul_h = then
    rig.tick()
    assert rig.tripped == g.TRIP_UNASKED


def test_what_a_person_set_is_not_dropped():
    rig = follow(started(policy=layout.POLICY_SUSTAIN), SLOW, 3)
    rig.controller.dose.profile.override_ul_h = 900
    rig.tick(ms=0)
    rig.controller.dose.profile.override_ul_h = -1
    rig.tick(ms=0)
    assert rig.tripped == g.TRIP_UNASKED


def test_no_rate_past_the_hard_limit_and_one_of_nought_is_a_rate():
    for rate, why in ((70_000, g.TRIP_NONE), (70_001, g.TRIP_UNASKED), (0, g.TRIP_NONE)):
        rig = follow(started(rate_hard_ul_h=70_000), SLOW, 3)
        rig.guardian.offer_titration(rate)
        rig.controller.dose.profile.override_ul_h = rate
        rig.tick()
        assert rig.tripped == why


def test_a_sustained_drug_may_go_on_at_or_below_its_rate():
    for rate, why in ((SLOW, g.TRIP_NONE), (SLOW - 1, g.TRIP_NONE), (0, g.TRIP_NONE), (SLOW + 1, g.TRIP_UNASKED)):
        rig = follow(started(policy=layout.POLICY_SUSTAIN), SLOW, 3)
        rig.controller.dose.profile.override_ul_h = rate
        rig.tick(ms=0)
        assert rig.tripped == why
        if not why:
            assert rig.permit.course.rate_ul_h == rate


# The encoder.


def ahead_of_a_fallen_rate(steps):
    """A drive so many steps ahead, and then a rate at which a lease is a few steps."""
    rig = follow(started(rate=FAST, kvo_ul_h=1_000), FAST, 20)
    rig.r.encoder_count = (rig.r.encoder_count + steps) & MASK
    rig.tick(ms=0)
    assert not rig.tripped
    rig.wants(0)
    rig.tick(t.ST_KVO, ms=0)
    return rig


def test_what_a_faster_rate_let_the_drive_turn_ahead_may_be_there_after_it():
    rig = ahead_of_a_fallen_rate(300)
    for _ in range(50):
        rig.tick()
    assert not rig.tripped


@pytest.mark.parametrize("more", [1, 300])
def test_and_may_not_grow(more):
    rig = ahead_of_a_fallen_rate(300)
    for _ in range(5):
        rig.tick()
    rig.tick(ms=0, turned=more)
    assert rig.tripped == g.TRIP_ENCODER


def test_a_new_stretch_knows_nothing_of_the_lead_before_it():
    rig = ahead_of_a_fallen_rate(300)
    rig.tick(t.ST_PAUSED, ms=0)
    rig.wants(SLOW)
    rig.tick(key=ports.KEY_START)
    rig.tick(t.ST_INFUSING, ms=0)
    assert not rig.tripped
    rig.controller.dose.profile.override_ul_h = -1
    limit = encoder_limit(rig, rig.permit.course.rate_ul_h)
    rig.tick(ms=0, turned=limit)
    assert not rig.tripped
    rig.tick(ms=0, turned=1)
    assert rig.tripped == g.TRIP_ENCODER


def test_what_has_shrunk_may_not_grow_again():
    rig = ahead_of_a_fallen_rate(300)
    rig.tick(ms=0, turned=-100)
    rig.tick(ms=0, turned=1)
    assert rig.tripped == g.TRIP_ENCODER


def encoder_limit(rig, rate):
    tolerance = lease_of(rate) // 2 // rig.step + SLACK
    return tolerance + 6 * 3600 // (rig.step // 1000 + 1)


@pytest.mark.parametrize("head", [ports.HEAD_SYRINGE, ports.HEAD_VOLUMETRIC])
@pytest.mark.parametrize("rate", [1_000, SLOW])
def test_an_encoder_that_leads_by_half_a_lease_and_six_microlitres_trips(head, rate):
    for more, why in ((0, g.TRIP_NONE), (1, g.TRIP_ENCODER)):
        rig = started(rate=rate, head=head)
        rig.tick(ms=0, turned=encoder_limit(rig, rate) + more)
        assert rig.tripped == why
        assert cut(rig.drive) == bool(why)


def test_the_encoder_counts_from_where_the_therapy_began():
    rig = programmed()
    rig.r.encoder_count = (rig.r.encoder_count + 5_000) & MASK
    rig.guardian._still = rig.r.encoder_count
    rig.tick(key=ports.KEY_START)
    rig.tick(t.ST_INFUSING)
    rig.tick(ms=0, turned=encoder_limit(rig, SLOW))
    assert not rig.tripped
    rig.tick(ms=0, turned=1)
    assert rig.tripped == g.TRIP_ENCODER


# Backwards, and standing still.


def test_no_rate_is_none_backwards():
    rig = started()
    rig.tick(rate=0)
    assert not rig.tripped


def test_backwards_while_it_should_flow_is_cut():
    rig = started()
    rig.tick(rate=-1)
    assert rig.tripped == g.TRIP_BACK


@pytest.mark.parametrize("state", [t.ST_STANDBY, t.ST_PROGRAMMING, t.ST_PAUSED, t.ST_STOPPED, t.ST_COMPLETE])
def test_forwards_while_it_stands_is_cut(state):
    rig = started()
    rig.tick(state, ms=0)
    assert not rig.tripped
    rig.tick(rate=1)
    assert rig.tripped == g.TRIP_STILL


@pytest.mark.parametrize("state", [t.ST_STANDBY, t.ST_PROGRAMMING, t.ST_PAUSED, t.ST_COMPLETE])
def test_backwards_is_for_an_occlusion_alone(state):
    rig = started()
    rig.tick(state, ms=0)
    rig.tick(rate=-1, ahead=-1)
    assert rig.tripped == g.TRIP_BACK


def back_bound(rig):
    ul = 400 if rig.head == ports.HEAD_SYRINGE else 300
    return ul * 3600 // (rig.step // 1000 + 1) + SLACK


@pytest.mark.parametrize("head", [ports.HEAD_SYRINGE, ports.HEAD_VOLUMETRIC])
def test_backing_off_has_a_bound(head):
    for more, why in ((0, g.TRIP_NONE), (1, g.TRIP_BACK)):
        rig = started(head=head)
        rig.tick(t.ST_STOPPED, ms=0)
        bound = back_bound(rig)
        rig.tick(rate=-1, ahead=-bound - more)
        assert rig.tripped == why
        rig = started(head=head)
        rig.tick(t.ST_STOPPED, ms=0)
        rig.tick(rate=-2, ahead=-100, moved=-100)
        assert not rig.tripped
        rig.tick(rate=-2, ahead=-(bound - 100) - more)  # what was moved is part of it
        assert rig.tripped == why


@pytest.mark.parametrize("head", [ports.HEAD_SYRINGE, ports.HEAD_VOLUMETRIC])
@pytest.mark.parametrize("state", [t.ST_PAUSED, t.ST_STOPPED])
def test_a_drive_that_turns_while_it_stands_is_cut(head, state):
    slop = 6 * 3600 // (STEP[head] // 1000 + 1)
    for turned, why in ((slop, g.TRIP_NONE), (slop + 1, g.TRIP_STILL)):
        rig = started(head=head)
        rig.tick(state, ms=0)
        rig.tick(turned=turned)
        assert rig.tripped == why
        rig = started(head=head)
        rig.tick(state, ms=0)
        bound = back_bound(rig)
        rig.tick(turned=-bound - turned)
        assert rig.tripped == why


def test_a_person_may_turn_the_drive_where_nothing_is_prescribed():
    rig = Rig()
    rig.tick()
    rig.tick(t.ST_STANDBY)
    rig.tick(turned=50_000)
    rig.tick(turned=-90_000)
    assert not rig.tripped


def test_what_it_stood_at_is_forgotten_with_the_therapy():
    rig = started()
    rig.tick(t.ST_PAUSED)
    rig.tick(t.ST_STANDBY)
    rig.tick(turned=50_000)
    assert rig.guardian.rx is None
    assert not rig.tripped


def test_flow_counts_from_where_it_stood():
    """Backing off and a hand at the drive move both counts; going on takes them as they are."""
    rig = follow(started(), SLOW, 5)
    rig.tick(t.ST_STOPPED, ms=0)
    rig.tick(rate=-2, ahead=-50, moved=-50)
    rig.tick(ms=0, key=ports.KEY_START)
    rig.tick(t.ST_INFUSING, ms=0)
    assert rig.cap(100) == rig.expect(rig.due % rig.step + SLOW * 100, lease_of(SLOW))
    rig.tick(ms=0, turned=encoder_limit(rig, SLOW))
    assert not rig.tripped


def test_what_a_hand_turned_while_it_stood_is_no_flow():
    rig = follow(started(), SLOW, 50)
    rig.tick(t.ST_PAUSED, ms=0)
    assert not rig.tripped
    rig.tick(turned=60)
    rig.tick(ms=0, key=ports.KEY_START)
    rig.tick(t.ST_INFUSING, ms=0)
    rig.tick(ms=0, turned=encoder_limit(rig, SLOW))
    assert not rig.tripped
    rig.tick(ms=0, turned=1)
    assert rig.tripped == g.TRIP_ENCODER


def test_what_flowed_is_not_held_against_it_when_it_stands():
    rig = follow(started(), SLOW, 60)  # 533 steps
    slop = 6 * 3600 // (rig.step // 1000 + 1)
    rig.tick(t.ST_PAUSED, ms=0)
    rig.tick(turned=slop)
    assert not rig.tripped
    rig.tick(turned=1)
    assert rig.tripped == g.TRIP_STILL


def test_the_encoder_bounds_a_prime_too():
    rig = programmed(head=ports.HEAD_SYRINGE)
    rig.tick(turned=500)
    rig.wants(100_000)
    rig.tick(key=ports.KEY_PRIME_ON)
    rig.tick(t.ST_PRIMING)
    rig.tick(ms=0, turned=encoder_limit(rig, 100_000))
    assert not rig.tripped
    rig.tick(ms=0, turned=1)
    assert rig.tripped == g.TRIP_ENCODER


class Seconds:
    """Counts the seconds it is told of."""

    step = 225_000

    def __init__(self):
        self.told = 0

    def second(self, seconds):
        self.told += seconds

    def no_boluses(self):
        pass


@pytest.mark.parametrize(
    "pattern", [(100,), (333,), (999, 1), (1_000,), (2_500, 700), (1, 998, 1, 1_001), (60_000, 999)]
)
def test_seconds_are_counted_to_the_millisecond(pattern):
    rig = Rig(now=700_000)
    rig.guardian.permit = Seconds()
    rig.tick()
    passed = 0
    for _ in range(40):
        for ms in pattern:
            passed += ms
            rig.tick(ms=ms)
            assert rig.permit.told == passed // 1_000
    assert not rig.tripped


@pytest.mark.parametrize("late_ms", [2**28 - 1, 2**28])
def test_only_a_stall_of_days_is_no_time(late_ms):
    rig = Rig(now=700_000)
    rig.guardian.permit = Seconds()
    rig.tick()
    rig.tick(ms=late_ms)
    assert rig.permit.told == (late_ms // 1_000 if late_ms < 2**28 else 0)
    rig.tick(ms=1_000 - (late_ms % 1_000 if late_ms < 2**28 else 0))
    assert rig.permit.told == (late_ms // 1_000 + 1 if late_ms < 2**28 else 1)


@pytest.mark.parametrize("off", [-2, -1, 0, 1, 2])
def test_two_steps_either_way_are_the_generators_rounding(off):
    rig = follow(started(), SLOW, 5)
    rig.tick(t.ST_PAUSED, ms=0, moved=off)
    rig.tick(t.ST_INFUSING, ms=0, key=ports.KEY_START)
    assert rig.cap(100) == rig.expect(rig.due % rig.step + SLOW * 100, lease_of(SLOW)) - off


def test_steps_that_were_not_made_are_given_back_to_the_volume():
    rig = started(rate=FAST, vtbi_ul=100)
    follow(rig, FAST, 3)  # 50 µL due and made
    rig.tick(ms=100, ahead=0)  # 16.7 µL more due, none made, none asked for
    rig.tick(t.ST_PAUSED, ms=0)
    rig.tick(t.ST_INFUSING, ms=0, key=ports.KEY_START)
    left = rig.permit.volume
    assert left._ul * UL + left._rest in range(50 * UL - 2 * rig.step, 50 * UL + 2 * rig.step)


# The copies.


@pytest.mark.parametrize("name", [name for name, _ in layout.PRESCRIPTION])
def test_a_field_that_parts_from_its_copy_is_found_within_a_round(name):
    rx = rx_of()
    rig = started(rx)
    follow(rig, SLOW, 60)
    assert not rig.tripped
    setattr(rx, name, getattr(rx, name) ^ 1)
    for _ in range(len(layout.PRESCRIPTION) + 1):
        rig.tick()
    assert rig.tripped == g.TRIP_COPIES


@pytest.mark.parametrize("name", ["kind", "rate_ul_h", "volume_ul", "duration_s", "step_ul_h", "step_rest"])
@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_segment_that_parts_from_its_copy_is_found_within_a_round(name, index):
    rx = rx_of()
    rx.add(KIND_HOLD, 7, 0, 0)
    rx.add(KIND_HOLD, 8, 0, 0)
    rig = started(rx)
    for _ in range(3 * (len(layout.PRESCRIPTION) + 3)):
        rig.tick(t.ST_PAUSED)
    assert not rig.tripped
    getattr(rx, "seg_" + name)[index] ^= 1
    for place in range(len(layout.PRESCRIPTION) + 3):
        assert place == 0 or not rig.tripped or rig.tripped == g.TRIP_COPIES
        rig.tick()
    assert rig.tripped == g.TRIP_COPIES


def test_a_copy_that_is_gone_is_found_at_once():
    rig = started()
    rig.controller.dose.rx = None
    rig.tick()
    assert rig.tripped == g.TRIP_COPIES


def test_a_therapy_that_has_failed_is_not_compared():
    rig = started()
    rig.controller.dose.rx = None
    rig.tick(t.ST_FAILED)
    assert not rig.tripped


# Taking up a therapy after a reset.


def past_of(**values):
    fields = {
        "cycle": 0, "index": 0, "second": 0, "ms": 0, "left_ul": 0, "left_rest": 0, "override_ul_h": -1,
        "programmed_ul_h": SLOW, "done": False, "vtbi_ul": 0, "vtbi_rest": 0, "lockout_s": 0, "bucket_age_s": 0,
        "buckets": [0] * 62,
    }  # fmt: skip
    return SimpleNamespace(**(fields | values))


def woken(rx, state=t.ST_INFUSING, **past):
    """A pump after a reset; the guardian was told what the journal says."""
    rig = Rig(start=100_000, now=700_000)
    rig.controller.dose.rx = rx
    assert rig.guardian.restore(rx.encode(), rig.step, past_of(**past))
    rig.wants(rx.seg_rate_ul_h[0] if state == t.ST_INFUSING else rx.kvo_ul_h)
    rig.tick(t.ST_SELF_TEST)
    rig.tick(state, ms=0)
    return rig


@pytest.mark.parametrize("state", [t.ST_INFUSING, t.ST_KVO])
def test_a_therapy_that_is_taken_up_needs_no_key_once(state):
    rig = woken(rx_of(), state)
    assert not rig.tripped
    held = SLOW if state == t.ST_INFUSING else 1_000
    assert rig.cap(300) == rig.expect(held * 300, lease_of(held))
    rig.tick(t.ST_PAUSED)
    rig.tick(t.ST_INFUSING)
    assert rig.tripped == g.TRIP_UNASKED


@pytest.mark.parametrize("state", [t.ST_INFUSING, t.ST_KVO])
def test_what_is_taken_up_keeps_its_encoder(state):
    rig = woken(rx_of(), state)
    limit = encoder_limit(rig, SLOW if state == t.ST_INFUSING else 1_000)
    rig.tick(ms=0, turned=limit)
    assert not rig.tripped
    rig.tick(ms=0, turned=1)
    assert rig.tripped == g.TRIP_ENCODER


def test_a_therapy_that_waits_has_all_its_volume_yet():
    rig = woken(rx_of(FAST, vtbi_ul=500), t.ST_PAUSED, vtbi_ul=3, vtbi_rest=77)
    rig.wants(FAST)
    rig.tick(key=ports.KEY_START, ms=0)
    rig.tick(t.ST_INFUSING, ms=0)
    assert rig.cap(3_000) == rig.expect(3 * UL + 77, lease_of(FAST))


@pytest.mark.parametrize("key", [ports.KEY_PATIENT_BOLUS, ports.KEY_CLINICIAN_BOLUS])
def test_no_bolus_comes_along_with_a_start(key):
    rig = Rig(start=100_000, now=700_000)
    rx = bolus_rx()
    rig.controller.dose.rx = rx
    rig.guardian.restore(rx.encode(), rig.step, past_of())
    rig.tick(t.ST_SELF_TEST)
    rig.controller.dose.boluses.given.add(key)
    rig.tick(t.ST_INFUSING)
    assert rig.tripped == g.TRIP_UNASKED
    rig = programmed(bolus_rx())
    rig.tick(key=ports.KEY_START)
    rig.controller.dose.boluses.given.add(key)
    rig.tick(t.ST_INFUSING)
    assert rig.tripped == g.TRIP_UNASKED


@pytest.mark.parametrize("state", [t.ST_INFUSING, t.ST_KVO, t.ST_PRIMING])
def test_nothing_flows_in_the_very_first_tick(state):
    rig = Rig()
    rig.controller.dose.rx = rx_of()
    rig.tick(state)
    assert rig.tripped == g.TRIP_UNASKED


@pytest.mark.parametrize("state", [t.ST_INFUSING, t.ST_KVO])
def test_nothing_is_taken_up_that_was_not_told(state):
    rig = Rig()
    rig.controller.dose.rx = rx_of()
    rig.tick(t.ST_SELF_TEST)
    rig.tick(state)
    assert rig.tripped == g.TRIP_UNASKED


def test_a_therapy_that_waits_needs_a_key():
    rig = woken(rx_of(), t.ST_PAUSED)
    rig.tick(t.ST_INFUSING)
    assert rig.tripped == g.TRIP_UNASKED
    rig = woken(rx_of(), t.ST_PAUSED)
    rig.tick(key=ports.KEY_START)
    rig.tick(t.ST_INFUSING)
    assert not rig.tripped


def test_a_copy_that_is_damaged_is_not_taken_up():
    guardian = Guardian(ports.HEAD_VOLUMETRIC)
    data = bytearray(rx_of().encode())
    data[9] ^= 4
    assert not guardian.restore(bytes(data), 225_000, past_of())
    assert guardian.rx is None


def test_the_volume_left_is_that_of_the_journal():
    rig = woken(rx_of(FAST, vtbi_ul=500), vtbi_ul=3, vtbi_rest=77)
    assert rig.cap(3_000) == rig.expect(3 * UL + 77, lease_of(FAST))
    rig = woken(rx_of(FAST, vtbi_ul=0), vtbi_ul=3, vtbi_rest=77)
    assert rig.cap(100) == rig.expect(FAST * 100, lease_of(FAST))


def test_the_window_is_that_of_the_journal():
    rig = woken(rx_of(FAST, window_s=3_600, window_hard_ul=20), buckets=[5, 4] + [0] * 60)
    assert rig.cap(3_000) == rig.expect(11 * UL, lease_of(FAST))


def test_the_lock_out_is_that_of_the_journal():
    for lockout_s, why in ((60, g.TRIP_UNASKED), (1, g.TRIP_UNASKED), (0, g.TRIP_NONE)):
        rig = woken(bolus_rx(), lockout_s=lockout_s)
        rig.tick(ms=0, key=ports.KEY_PATIENT_BOLUS)
        rig.controller.dose.boluses.given.add(ports.KEY_PATIENT_BOLUS)
        rig.tick(t.ST_BOLUS, ms=0)
        assert rig.tripped == why


def test_what_was_offered_before_is_not_left_over():
    rig = woken(rx_of(), t.ST_PAUSED)
    rig.tick(t.ST_STANDBY)
    rig.tick(t.ST_PROGRAMMING, key=ports.KEY_START)
    rig.tick(t.ST_INFUSING)
    assert rig.tripped == g.TRIP_UNASKED
