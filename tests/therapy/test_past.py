"""What the journal says of the time before a reset: folding, judging, and what is settled for safety."""

import struct

import pytest

from firmware.therapy import layout, resume
from firmware.therapy import records as rec
from firmware.therapy import tables as t
from firmware.therapy.bolus import BUCKETS
from firmware.therapy.grants import GRANT_BOLUS, GRANT_RESUME
from firmware.therapy.images import PROGRESS_S
from firmware.therapy.layout import KIND_HOLD, KIND_RAMP, KIND_SPREAD
from firmware.therapy.prescription import Prescription
from firmware.therapy.resume import FAILED, GO_ON, NOTHING, UNSURE_MS, WAIT, Past
from hal.compat import MASK
from hal.ports import KEY_CLINICIAN_BOLUS, KEY_PATIENT_BOLUS

UL = 3_600_000
RATE = 36_000  # 10 µL/s
UNSURE_UL = 130  # at that rate: ten seconds of progress and a lease of three

# As records.PROGRESS_FORMAT has them.
FIELDS = (
    "seq", "kind", "delivery", "trust", "priority", "op_s", "rtc_s", "tag", "index", "bolus", "cycle", "ms", "flags",
    "second", "left_ul", "left_rest", "vtbi_ul", "vtbi_rest", "override_ul_h", "programmed_ul_h", "rate_ul_h",
    "commanded_ul", "commanded_rest", "lockout_s", "window_ul", "window_rest", "bolus_left_ul",
)  # fmt: skip


def progress(**values):
    fields = dict.fromkeys(FIELDS, 0) | {"seq": 10, "delivery": t.ST_INFUSING, "rtc_s": 5_000, "override_ul_h": -1}
    fields |= {"rate_ul_h": RATE, "programmed_ul_h": RATE} | values
    return struct.pack(rec.PROGRESS_FORMAT, *(fields[name] for name in FIELDS))


def record(kind=rec.REC_STATE, seq=11, delivery=t.ST_INFUSING, trust=0, a=0, b=0, c=0):
    return struct.pack(rec.RECORD_FORMAT, seq, kind, delivery, trust, 0, 0, a, b, c)


def boot(op_s, mark=0, went_on=1):
    return struct.pack(rec.BOOT_FORMAT, op_s, mark, went_on)


def rx_of(rate=RATE, **fields):
    rx = Prescription()
    values = {"mode": layout.MODE_CONTINUOUS, "policy": layout.POLICY_KVO, "off_limit_s": 60}
    for name, value in (values | fields).items():
        setattr(rx, name, value)
    rx.add(KIND_HOLD, rate, 0, 0)
    return rx


def past_of(*frames, rx=None, copies=2, **values):
    """A journal with a prescription, one progress record, and what follows it."""
    past = Past()
    rx = rx or rx_of()
    data = rx.encode()
    for _ in range(copies):
        past.fold(rec.REC_PRESCRIPTION, data)
    past.fold(rec.REC_PROGRESS, progress(tag=rx.tag, **values))
    for kind, payload in frames:
        past.fold(kind, payload)
    return past


def judged(past, warm=True, running=True, rtc_s=-1):
    return past.judge(warm, running, rtc_s)


# Folding.


def test_the_disclosed_figures():
    assert UNSURE_MS == PROGRESS_S * 1000 + 3_000 == 13_000
    assert (resume.RESUMES, resume.RESUMES_S) == (2, 600)
    assert len({NOTHING, GO_ON, WAIT, FAILED}) == 4


def test_an_empty_journal_says_nothing():
    past = Past()
    assert judged(past) == NOTHING
    assert (past.trust, past.mark, past.rtc_s, past.seq, past.op_s) == (t.TR_NORMAL, 0, -1, 0, 0)
    assert past.intact
    assert not past.torn
    assert not past.done
    assert (past.override_ul_h, past.uncertain_ul, past.lockout_s) == (-1, 0, 0)
    assert past.buckets == [0] * BUCKETS
    assert past.bucket_age_s == 0
    fields = FIELDS[8:18] + FIELDS[19:]
    assert [getattr(past, name) for name in fields] == [0] * len(fields)


def test_progress_is_taken_field_by_field():
    values = {name: place + 3 for place, name in enumerate(FIELDS)} | {"delivery": t.ST_PAUSED, "trust": t.TR_SUSPECT}
    past = Past()
    past.fold(rec.REC_PROGRESS, struct.pack(rec.PROGRESS_FORMAT, *(values[name] for name in FIELDS)))
    for name in FIELDS:
        if name not in ("kind", "priority", "tag"):
            assert getattr(past, name) == values[name], name


def test_records_tell_state_trust_and_sequence():
    past = Past()
    past.fold(0, record(seq=5, delivery=t.ST_KVO, trust=t.TR_OFFLINE))
    assert (past.seq, past.delivery, past.trust) == (5, t.ST_KVO, t.TR_OFFLINE)
    past.fold(0, record(seq=5, delivery=t.ST_PAUSED, trust=t.TR_NORMAL))  # known already
    past.fold(0, record(seq=4, delivery=t.ST_PAUSED, trust=t.TR_NORMAL))
    assert (past.seq, past.delivery, past.trust) == (5, t.ST_KVO, t.TR_OFFLINE)


def test_sequence_numbers_wrap():
    past = Past()
    past.fold(0, record(seq=MASK, delivery=t.ST_KVO))
    past.fold(0, record(seq=1, delivery=t.ST_PAUSED))
    assert (past.seq, past.delivery) == (1, t.ST_PAUSED)
    past.fold(rec.REC_PROGRESS, progress(seq=MASK - 5, delivery=t.ST_KVO, op_s=7))
    assert (past.delivery, past.op_s) == (t.ST_PAUSED, 7)
    past.fold(rec.REC_PROGRESS, progress(seq=2, delivery=t.ST_KVO, op_s=8))
    assert (past.seq, past.delivery, past.op_s) == (2, t.ST_KVO, 8)


def test_an_older_progress_is_not_taken_back():
    past = past_of(op_s=50, seq=10)
    past.fold(rec.REC_PROGRESS, progress(seq=10, op_s=40))
    past.fold(rec.REC_PROGRESS, progress(seq=9, op_s=40))
    assert past.op_s == 50
    past.fold(rec.REC_PROGRESS, progress(seq=11, op_s=60))
    assert past.op_s == 60


def test_a_later_record_stands_before_an_earlier_progress():
    past = past_of((0, record(seq=20, delivery=t.ST_PAUSED, trust=2)))
    past.fold(rec.REC_PROGRESS, progress(seq=15, delivery=t.ST_INFUSING, trust=0))
    assert (past.seq, past.delivery, past.trust) == (20, t.ST_PAUSED, 2)
    past.fold(rec.REC_PROGRESS, progress(seq=25, delivery=t.ST_KVO, trust=1))
    assert (past.seq, past.delivery, past.trust) == (25, t.ST_KVO, 1)


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (0, record(seq=99)[:-1]), (0, record(seq=99) + b"\0"), (rec.REC_PROGRESS, progress(seq=99)[:-1]),
        (rec.REC_WINDOW, bytes(rec.WINDOW_HEAD)), (rec.REC_PRESCRIPTION, b"abcd"), (rec.REC_BOOT, b"\1" * 11),
        (rec.REC_MARK, b"\1" * 5), (rec.REC_MARK, b"\1" * 3), (77, bytes(24)),
    ],
)  # fmt: skip
def test_what_has_another_length_is_not_read(kind, payload):
    past = Past()
    past.fold(kind, payload)
    assert vars(past) == vars(Past())


def test_marks_and_boots_only_rise():
    past = Past()
    past.fold(rec.REC_MARK, struct.pack("<I", 7))
    past.fold(rec.REC_MARK, struct.pack("<I", 5))
    assert past.mark == 7
    past.fold(rec.REC_BOOT, boot(300, mark=9, went_on=0))
    past.fold(rec.REC_BOOT, boot(200, mark=8, went_on=0))
    assert (past.mark, past.op_s) == (9, 300)


def window(age, buckets):
    return struct.pack(rec.WINDOW_FORMAT, 1, rec.REC_WINDOW, 0, 0, 0, age) + struct.pack(f"<{BUCKETS}I", *buckets)


def test_the_window_is_taken_bucket_by_bucket():
    past = Past()
    past.fold(rec.REC_WINDOW, window(7, range(BUCKETS)))
    assert past.bucket_age_s == 7
    assert past.buckets == list(range(BUCKETS))


@pytest.mark.parametrize(("flags", "done"), [(rec.PF_DONE, True), (0xFFFF, True), (0xFFFF ^ rec.PF_DONE, False)])
def test_a_programme_that_ran_to_its_end_is_done(flags, done):
    assert past_of(flags=flags).done == done


# Judging: what may follow.


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        (t.ST_STANDBY, NOTHING), (t.ST_PROGRAMMING, NOTHING), (t.ST_PRIMING, NOTHING), (t.ST_INFUSING, GO_ON),
        (t.ST_BOLUS, GO_ON), (t.ST_PAUSED, WAIT), (t.ST_KVO, GO_ON), (t.ST_COMPLETE, NOTHING), (t.ST_STOPPED, WAIT),
        (t.ST_MAINTENANCE, NOTHING), (t.ST_FAILED, FAILED),
    ],
)  # fmt: skip
def test_each_state_of_before_after_a_watchdog_reset(state, verdict):
    assert judged(past_of(delivery=state)) == verdict


def test_a_self_test_says_nothing_of_what_was_before_it():
    past = past_of((0, record(delivery=t.ST_SELF_TEST)))
    assert past.delivery == t.ST_INFUSING
    assert judged(past) == GO_ON


def test_the_word_that_outlives_a_reset_must_agree():
    assert judged(past_of(), running=False) == WAIT


@pytest.mark.parametrize(
    ("rtc_s", "verdict"),
    [(-1, WAIT), (0, WAIT), (4_999, WAIT), (5_000, GO_ON), (5_060, GO_ON), (5_061, WAIT)],
)
def test_after_a_power_loss_the_clock_must_prove_the_time_off(rtc_s, verdict):
    assert judged(past_of(rtc_s=5_000), warm=False, running=False, rtc_s=rtc_s) == verdict


def test_a_journal_without_a_time_proves_nothing():
    assert judged(past_of(rtc_s=-1), warm=False, rtc_s=30) == WAIT
    assert judged(past_of(rtc_s=0), warm=False, rtc_s=0) == GO_ON


@pytest.mark.parametrize(
    ("trust", "verdict"),
    [(t.TR_NORMAL, GO_ON), (t.TR_SUSPECT, GO_ON), (t.TR_ISOLATED, WAIT), (t.TR_RECOVERY, WAIT)],
)
def test_pca_in_isolation_waits_after_a_power_loss(trust, verdict):
    past = past_of(rx=rx_of(mode=layout.MODE_PCA), trust=trust)
    assert judged(past, warm=False, rtc_s=5_010) == verdict
    assert judged(past_of(rx=rx_of(mode=layout.MODE_PCA), trust=trust)) == GO_ON
    assert judged(past_of(trust=trust), warm=False, rtc_s=5_010) == GO_ON


@pytest.mark.parametrize(
    ("boots", "verdict"),
    [
        ([boot(900)], GO_ON), ([boot(900), boot(950)], WAIT), ([boot(400), boot(950)], GO_ON),
        ([boot(401), boot(950)], WAIT), ([boot(900, went_on=0), boot(950)], GO_ON),
        ([boot(100), boot(200), boot(300), boot(900)], GO_ON),
    ],
)  # fmt: skip
def test_it_goes_on_by_itself_at_most_twice_in_ten_minutes(boots, verdict):
    assert judged(past_of(*((rec.REC_BOOT, one) for one in boots), (0, record()), op_s=1_000)) == verdict


def test_clock_and_counter_that_go_back_are_told():
    past = past_of(rtc_s=5_000)
    assert [past.clock_went_back(rtc_s) for rtc_s in (-1, 0, 4_999, 5_000, 5_001)] == [False, True, True, False, False]
    past.fold(rec.REC_MARK, struct.pack("<I", 7))
    assert [past.store_went_back(count) for count in (-1, 5, 6, 7, 8)] == [True, True, False, False, True]


def test_a_counter_of_nought_is_one():
    assert not Past().store_went_back(0)
    assert Past().store_went_back(-1)


# The prescription.


def test_both_copies_are_handed_out():
    rx = rx_of()
    past = past_of(rx=rx)
    judged(past)
    assert past.rx.encode() == rx.encode()
    assert past.copy == rx.encode()
    assert not past.torn


def test_one_copy_is_enough():
    past = past_of(copies=1)
    assert judged(past) == GO_ON
    assert past.copy == past.rx.encode()


def test_without_a_copy_it_waits_and_is_damaged():
    past = past_of(copies=0)
    assert judged(past) == NOTHING
    assert past.torn
    past = past_of(copies=0, delivery=t.ST_STANDBY)
    assert judged(past) == NOTHING
    assert not past.torn
    assert judged(past_of(copies=0, delivery=t.ST_FAILED)) == FAILED


def test_copies_of_another_prescription_are_not_its_own():
    past = past_of(copies=0)
    past.fold(rec.REC_PRESCRIPTION, rx_of(rate=7).encode())
    assert judged(past) == WAIT
    assert past.torn
    assert past.rx is None


def test_a_newer_prescription_that_was_not_started_leaves_the_running_one():
    rx = rx_of()
    past = Past()
    data, newer = rx.encode(), rx_of(rate=7).encode()
    for payload in (data, data, newer):
        past.fold(rec.REC_PRESCRIPTION, payload)
    past.fold(rec.REC_PROGRESS, progress(tag=struct.unpack("<I", newer[-4:])[0] & MASK))
    assert judged(past) == GO_ON
    assert past.rx.seg_rate_ul_h[0] == 7


def test_a_copy_that_is_damaged_leaves_the_other():
    rx = rx_of()
    data = bytearray(rx.encode())
    data[12] ^= 1
    for first, second in ((bytes(data), rx.encode()), (rx.encode(), bytes(data))):
        past = Past()
        past.fold(rec.REC_PRESCRIPTION, first)
        past.fold(rec.REC_PRESCRIPTION, second)
        past.fold(rec.REC_PROGRESS, progress(tag=rx.tag))
        assert judged(past) == GO_ON
        assert past.copy == rx.encode()
        assert not past.torn


def test_copies_that_both_look_whole_and_differ_wait():
    rx = rx_of()
    data = rx.encode()
    past = Past()
    past.fold(rec.REC_PRESCRIPTION, data)
    past.fold(rec.REC_PRESCRIPTION, data)
    past.fold(rec.REC_PROGRESS, progress(tag=rx.tag))
    other = rx_of(rate=RATE - 1)
    past._copies[1] = (rx.tag, other.encode())  # the same tag, as one checksum in 2**30 would have
    assert judged(past) == WAIT
    assert past.torn
    assert past.rx.encode() == data  # each channel has its own, so that the guardian sees them part
    assert past.copy == other.encode()


@pytest.mark.parametrize("state", [t.ST_INFUSING, t.ST_BOLUS, t.ST_PAUSED, t.ST_KVO, t.ST_STOPPED])
def test_a_therapy_without_its_prescription_is_damaged_whatever_it_did(state):
    past = past_of(copies=0, delivery=state)
    past.fold(rec.REC_PRESCRIPTION, rx_of(rate=7).encode())
    assert judged(past) == WAIT
    assert past.torn


@pytest.mark.parametrize("tag", [0, 1])
def test_without_progress_no_copy_is_its_own(tag):
    past = Past()
    past.fold(rec.REC_PRESCRIPTION, rx_of().encode())
    past._copies = [(tag, past._copies[0][1])]
    judged(past)
    assert past.rx is None


def test_two_copies_are_kept_however_many_there_are():
    past = past_of(copies=9)
    assert len(past._copies) == 2


def test_a_place_that_the_prescription_does_not_have_is_damage():
    past = past_of(index=1)
    assert judged(past) == WAIT
    assert past.torn


# What is uncertain is counted as given.


def flowing(**values):
    """Progress, then a record that flow went on."""
    rx = values.pop("rx", None)
    past = past_of((0, record(seq=11)), rx=rx, **values)
    judged(past)
    return past


def left(past):
    return past.vtbi_ul * UL + past.vtbi_rest


def test_ten_seconds_and_a_lease_count_as_given():
    past = flowing(flags=rec.PF_VTBI_LIMITED, vtbi_ul=500, vtbi_rest=9)
    assert past.uncertain_ul == UNSURE_UL
    assert left(past) == 370 * UL + 9
    past = flowing(rate_ul_h=1)
    assert past.uncertain_ul == 1  # rounded up


def test_progress_in_flow_is_followed_by_flow():
    past = past_of()
    judged(past)
    assert past.uncertain_ul == UNSURE_UL


def test_progress_of_an_older_state_than_a_flowing_record():
    past = past_of((0, record(seq=20, delivery=t.ST_PAUSED)))
    past.fold(rec.REC_PROGRESS, progress(tag=rx_of().encode() and past._tag, seq=15, delivery=t.ST_INFUSING))
    judged(past)
    assert past.uncertain_ul == UNSURE_UL
    for state in (t.ST_PAUSED, t.ST_SELF_TEST):
        past = past_of((0, record(seq=20, delivery=t.ST_PAUSED)))
        past.fold(rec.REC_PROGRESS, progress(tag=past._tag, seq=15, delivery=state))
        judged(past)
        assert past.uncertain_ul == 0


@pytest.mark.parametrize("state", [t.ST_PAUSED, t.ST_STOPPED])
def test_what_stood_since_progress_is_certain(state):
    past = past_of(delivery=state, flags=rec.PF_VTBI_LIMITED, vtbi_ul=500)
    judged(past)
    assert past.uncertain_ul == 0
    assert left(past) == 500 * UL


@pytest.mark.parametrize("state", [t.ST_INFUSING, t.ST_BOLUS, t.ST_KVO])
def test_flow_since_a_progress_that_stood_is_uncertain(state):
    past = past_of((0, record(seq=11, delivery=state)), (0, record(seq=12, delivery=t.ST_PAUSED)), delivery=t.ST_PAUSED)
    judged(past)
    assert past.uncertain_ul == UNSURE_UL


def test_no_volume_falls_below_nothing():
    past = flowing(flags=rec.PF_VTBI_LIMITED, vtbi_ul=5)
    assert left(past) == 0
    past = flowing(vtbi_ul=500)  # not limited: nothing to count down
    assert left(past) == 500 * UL


def test_a_running_bolus_counts_no_more_than_what_is_left_of_it():
    rx = rx_of(patient_ul_h=360_000, patient_ul=100, clinician_ul_h=180_000, clinician_ul=100)
    for key, extra in ((KEY_PATIENT_BOLUS, 360_000), (KEY_CLINICIAN_BOLUS, 180_000)):
        past = flowing(rx=rx, delivery=t.ST_BOLUS, bolus=key, bolus_left_ul=30, rate_ul_h=RATE + extra)
        assert past.uncertain_ul == UNSURE_UL + 30
        assert past.rate_of_base() == RATE
        past = flowing(rx=rx, delivery=t.ST_BOLUS, bolus=key, bolus_left_ul=9_000, rate_ul_h=RATE + extra)
        assert past.uncertain_ul == (RATE + extra) * 13 // 3600
    past = flowing(rx=rx, delivery=t.ST_BOLUS, bolus=KEY_PATIENT_BOLUS, rate_ul_h=5)
    assert past.rate_of_base() == 0


def grant(key=KEY_PATIENT_BOLUS, ul=200, seq=11):
    return 0, record(rec.REC_GRANT, seq=seq, a=GRANT_BOLUS, b=key, c=ul)


def test_a_granted_bolus_counts_as_given_whole_and_its_lock_out_as_begun():
    rx = rx_of(lockout_s=300)
    past = past_of(grant(), rx=rx, delivery=t.ST_PAUSED, flags=rec.PF_VTBI_LIMITED, vtbi_ul=900)
    judged(past)
    assert past.uncertain_ul == UNSURE_UL + 200
    assert left(past) == (900 - UNSURE_UL - 200) * UL
    assert past.lockout_s == 301
    past = past_of(grant(), rx=rx, lockout_s=400)
    judged(past)
    assert past.lockout_s == 400


def test_the_clinicians_has_no_lock_out():
    past = past_of(grant(KEY_CLINICIAN_BOLUS), rx=rx_of(lockout_s=300))
    judged(past)
    assert past.lockout_s == 0
    assert past.uncertain_ul == UNSURE_UL + 200


@pytest.mark.parametrize("frames", [[(0, record(rec.REC_DROPPED, seq=12, a=GRANT_BOLUS))]])
def test_a_grant_that_was_dropped_gave_nothing(frames):
    past = past_of(grant(), *frames, rx=rx_of(lockout_s=300))
    judged(past)
    assert (past.uncertain_ul, past.lockout_s) == (UNSURE_UL, 0)


def test_other_grants_give_nothing_and_drop_nothing():
    past = past_of((0, record(rec.REC_GRANT, a=GRANT_RESUME, b=KEY_PATIENT_BOLUS, c=200)), rx=rx_of(lockout_s=300))
    judged(past)
    assert (past.uncertain_ul, past.lockout_s) == (UNSURE_UL, 0)
    past = past_of(grant(), (0, record(rec.REC_DROPPED, seq=12, a=GRANT_RESUME)), rx=rx_of(lockout_s=300))
    judged(past)
    assert past.lockout_s == 301
    past = past_of(grant(), (0, record(rec.REC_STATE, seq=12, a=GRANT_BOLUS)), rx=rx_of(lockout_s=300))
    judged(past)
    assert past.lockout_s == 301


def test_progress_after_a_grant_shows_its_outcome():
    rx = rx_of(lockout_s=300)
    for seq, flags, lockout_s in ((12, 0, 250), (12, rec.PF_GRANT, 301), (11, 0, 301)):
        past = past_of(grant(), rx=rx)
        past.fold(rec.REC_PROGRESS, progress(tag=rx.tag, seq=seq, flags=flags, lockout_s=250))
        judged(past)
        assert past.lockout_s == lockout_s, (seq, flags)


def test_a_bolus_that_runs_and_another_that_is_granted_count_both():
    rx = rx_of(patient_ul_h=360_000, clinician_ul_h=180_000)
    past = past_of(grant(), rx=rx, delivery=t.ST_BOLUS, bolus=KEY_CLINICIAN_BOLUS, bolus_left_ul=1, rate_ul_h=RATE)
    judged(past)
    assert past.uncertain_ul == UNSURE_UL + 200  # at the rate asked, whatever is left


def test_without_its_prescription_a_lock_out_cannot_be_told():
    past = past_of(grant(), copies=0)
    judged(past)
    assert not past.intact
    past = past_of(grant(), copies=0, delivery=t.ST_STANDBY)
    past.fold(0, record(seq=12, delivery=t.ST_STANDBY))
    judged(past)
    assert not past.intact
    past = past_of(copies=0)
    judged(past)
    assert past.intact
    past = past_of(grant())
    judged(past)
    assert past.intact


def test_the_rolling_window_takes_what_is_uncertain():
    rx = rx_of(window_s=3_600, window_hard_ul=9_000)
    past = past_of((rec.REC_WINDOW, window(5, [10, 20, 30] + [0] * (BUCKETS - 3))), rx=rx, window_ul=65, window_rest=1)
    judged(past)
    assert past.buckets[0] == 10 + 5 + 1 + UNSURE_UL
    assert past.buckets[1:3] == [20, 30]
    past = past_of((rec.REC_WINDOW, window(5, [10, 20, 30] + [0] * (BUCKETS - 3))), rx=rx, window_ul=50, window_rest=0)
    judged(past)
    assert past.buckets[0] == 10 + UNSURE_UL  # never fewer than were written
    past = past_of((rec.REC_WINDOW, window(5, [10] * BUCKETS)), window_ul=9_999)
    judged(past)
    assert past.buckets == [10] * BUCKETS  # no window is prescribed


# Where it goes on in its segments.


def segments(*rows, **fields):
    rx = rx_of(**fields)
    rx.segments = 0
    for row in rows:
        rx.add(*row)
    return rx


def test_a_segment_that_ends_by_volume_is_so_much_nearer_its_end():
    rx = segments((KIND_HOLD, RATE, 500, 0), (KIND_HOLD, 7, 40, 0))
    past = flowing(rx=rx, left_ul=400, left_rest=5)
    assert (past.index, past.left_ul, past.left_rest) == (0, 270, 5)
    past = flowing(rx=rx, left_ul=130, left_rest=5)
    assert (past.index, past.left_ul, past.left_rest) == (0, 0, 5)
    past = flowing(rx=rx, left_ul=131, left_rest=0)
    assert (past.index, past.left_ul, past.left_rest) == (0, 1, 0)
    past = flowing(rx=rx, left_ul=130, left_rest=0, second=9, ms=5)
    assert (past.index, past.left_ul, past.left_rest, past.second, past.ms) == (1, 40, 0, 0, 0)


def test_the_end_of_the_last_segment_is_the_programmes():
    past = flowing(rx=segments((KIND_HOLD, RATE, 500, 0)), left_ul=1, second=9)
    assert past.done
    assert (past.index, past.cycle, past.second) == (0, 0, 9)
    past = flowing(rx=segments((KIND_HOLD, RATE, 500, 0), (KIND_HOLD, 7, 0, 9), cycles=2), left_ul=1, cycle=1)
    assert past.done
    past = flowing(rx=segments((KIND_HOLD, RATE, 500, 0), (KIND_HOLD, 7, 0, 9), cycles=3), left_ul=1, cycle=2)
    assert past.done  # an intermittent infusion ends with its last dose
    past = flowing(rx=segments((KIND_HOLD, RATE, 500, 0), (KIND_HOLD, 7, 0, 9), cycles=3), left_ul=1, cycle=1)
    assert not past.done
    assert (past.index, past.cycle) == (1, 1)
    past = flowing(rx=segments((KIND_HOLD, RATE, 500, 0), cycles=3), left_ul=1, cycle=0)
    assert not past.done
    assert (past.index, past.cycle, past.left_ul) == (0, 1, 500)


@pytest.mark.parametrize("values", [{"override_ul_h": 5}, {"override_ul_h": 0}, {"flags": rec.PF_DONE}])
def test_what_has_no_end_or_is_over_is_not_moved(values):
    rx = segments((KIND_HOLD, RATE, 500, 0), (KIND_HOLD, 7, 40, 0))
    past = flowing(rx=rx, left_ul=300, **values)
    assert (past.index, past.left_ul) == (0, 300)


def test_what_stood_is_not_moved():
    rx = segments((KIND_HOLD, RATE, 500, 0), (KIND_HOLD, 7, 40, 0))
    past = past_of(rx=rx, delivery=t.ST_PAUSED, left_ul=300)
    judged(past)
    assert (past.index, past.left_ul) == (0, 300)


@pytest.mark.parametrize(
    ("after", "second", "index"),
    [(7, 86, 0), (7, 87, 1), (7, 95, 1), (RATE, 95, 0), (RATE + 1, 95, 0), (RATE - 1, 95, 1)],
)
def test_a_segment_that_ends_by_time_ends_where_less_follows(after, second, index):
    past = flowing(rx=segments((KIND_HOLD, RATE, 0, 100), (KIND_HOLD, after, 0, 0)), second=second)
    assert past.index == index
    assert past.second == (0 if index else second)


def test_after_the_last_segment_nothing_follows_or_the_first_does():
    past = flowing(rx=segments((KIND_HOLD, RATE, 0, 100)), second=95)
    assert past.done
    assert flowing(rx=segments((KIND_HOLD, 1, 0, 100)), second=95, rate_ul_h=1).done
    assert not flowing(rx=segments((KIND_HOLD, 0, 0, 100)), second=95, rate_ul_h=0).done
    past = flowing(rx=segments((KIND_HOLD, RATE, 0, 100), (KIND_HOLD, 7, 40, 0)), second=95, left_rest=9)
    assert (past.index, past.left_ul, past.left_rest) == (1, 40, 0)
    rx = segments((KIND_HOLD, 90_000, 0, 9), (KIND_HOLD, RATE, 0, 100), cycles=2)
    past = flowing(rx=rx, second=95, index=1, cycle=0)
    assert (past.index, past.cycle, past.done) == (1, 0, False)  # more would follow
    rx = segments((KIND_HOLD, 90, 0, 9), (KIND_HOLD, RATE, 0, 100), cycles=2)
    past = flowing(rx=rx, second=95, index=1, cycle=0)
    assert (past.index, past.cycle) == (0, 1)
    rx = segments((KIND_HOLD, 90_000, 0, 9), (KIND_HOLD, RATE, 0, 100), cycles=2)
    past = flowing(rx=rx, second=95, index=1, cycle=1)
    assert past.done


def test_a_ramp_that_falls_is_taken_further_on_and_one_that_rises_is_not():
    for step, second in ((-5, 43), (-1, 43), (5, 30), (0, 30)):
        rx = segments((KIND_RAMP, RATE, 0, 100, step, 0, 0), (KIND_HOLD, 7, 0, 0))
        assert flowing(rx=rx, second=30).second == second


def test_a_segment_without_end_is_not_moved():
    past = flowing(rx=segments((KIND_HOLD, RATE, 0, 0), (KIND_HOLD, 7, 0, 0)), second=95)
    assert (past.index, past.second) == (0, 95)


def test_a_volume_over_time_goes_on_to_its_volume():
    past = flowing(rx=segments((KIND_SPREAD, RATE, 1_000, 100), (KIND_HOLD, 7, 0, 0)), second=95, left_ul=300)
    assert (past.index, past.second, past.left_ul) == (0, 95, 170)
