"""The firmware infusing on a Pico board, on a chip of make-believe: the dose, through stalls, resets and the gate."""

import pytest

from firmware.app import App
from firmware.therapy import tables as t
from hal.ports import HEAD_SYRINGE, KEY_PROGRAMME, KEY_START, RF_GATE_SHUT, RF_SENSOR_FAULT
from hal.stubs.chip import ChipReset
from simulator.clock import VirtualClock
from simulator.devices.board import SimBoard
from simulator.ideal import NoGatekeeper, prescription
from simulator.plant import Plant, PlantConfig
from tests.pico.pump import Hands, pump
from tests.pico.wiring import Bench, signed

STEP_UL = 126_167 / 3_600_000  # syringe 5


def steps_on_the_simulated_board(rate_ul_h, ms):
    """What the same firmware, key for key, steps on the simulator's board."""
    clock = VirtualClock()
    board = SimBoard(clock, Plant(PlantConfig(head=HEAD_SYRINGE, syringe=5), seed=1), seed=1)
    app = App(board, NoGatekeeper())
    app.controller.library_ok = True

    def run(ms):
        for _ in range(ms // 100):
            clock.advance(100)
            app.turn()

    run(2_000)
    board.press(KEY_PROGRAMME)
    run(300)
    rx = prescription(rate_ul_h, head=HEAD_SYRINGE)
    rx.syringe = 5
    app.therapy.offer_prescription(rx)
    board.press(KEY_START)
    run(300 + ms)
    return app.readings.step_count


@pytest.mark.parametrize(("rate_ul_h", "ms"), [(100, 120_000), (5_000, 60_000), (150_000, 10_000)])
def test_it_steps_as_on_the_simulated_board(rate_ul_h, ms):
    with pump() as p:
        p.infuse(rate_ul_h)
        p.run(ms)
        readings = p.app.readings
        assert p.app.controller.delivery.state == t.ST_INFUSING
        assert p.app.controller.status.therapy_alarms == 0
        assert abs(readings.step_count - steps_on_the_simulated_board(rate_ul_h, ms)) <= 2
        assert p.board.generator.count() == p.bench.turned == len(p.bench.pulses)
        assert -4 <= signed(readings.encoder_count) - readings.step_count <= 4
        due_ul = rate_ul_h / 3_600_000 * ms
        assert p.bench.turned * STEP_UL == pytest.approx(due_ul, rel=0.02, abs=4 * STEP_UL)
        assert p.board.failures == 0


def test_a_stall_of_two_seconds_changes_nothing():
    made = []
    for stall_ms in (0, 1_990):
        with pump() as p:
            p.infuse(5_000)
            p.run(10_000)
            p.chip.stall(stall_ms * 1000)
            p.run(20_000 - stall_ms)
            assert p.app.controller.status.lost_ul == 0
            assert p.app.controller.delivery.state == t.ST_INFUSING
            made.append(p.bench.pulses)
    gaps = [b - a for a, b in zip(made[1], made[1][1:], strict=False)]
    assert abs(len(made[0]) - len(made[1])) <= 2
    assert max(gaps[200:]) < 1.1 * sorted(gaps)[len(gaps) // 2]


def test_a_longer_stall_ends_the_motion_at_the_leases_end():
    with pump() as p:
        p.infuse(5_000)
        p.run(10_000)
        begun = p.chip.us
        end = p.app.drive.step_end
        p.chip.stall(8_000_000)  # the watchdog waits for 8.4 s
        assert p.board.generator.count() == end
        assert p.bench.pulses[-1] - begun <= 3_050_000
        made = p.bench.turned
        p.run(5_000)
        assert p.app.controller.delivery.state == t.ST_INFUSING
        assert p.bench.turned - made == pytest.approx(5 * 5_000 / 3_600 / STEP_UL, rel=0.03)  # none is caught up


def test_a_stall_past_the_watchdog_resets_and_the_pump_goes_on_by_itself():
    bench = Bench()
    with pump(bench) as p:
        p.infuse(5_000)
        p.run(10_000)
        with pytest.raises(ChipReset):
            p.chip.stall(20_000_000)
        assert not bench.powered
        made = bench.turned
    bench.start()
    with pump(bench, Hands(bench.chip)) as p:
        assert bench.chip.reset_cause == 3
        p.run(3_000)
        assert p.app.marks.warm
        assert p.app.controller.delivery.state == t.ST_INFUSING
        assert bench.turned > made


def test_after_a_loss_of_power_it_waits_for_a_person():
    bench = Bench()
    with pump(bench) as p:
        p.infuse(5_000)
        p.run(10_000)
        p.chip.lose_power()
        made = bench.turned
    bench.start()
    with pump(bench) as p:
        p.run(5_000)
        assert not p.app.marks.warm
        assert p.app.controller.delivery.state != t.ST_INFUSING
        assert bench.turned == made


@pytest.mark.parametrize("erase_us", [45_000, 400_000])
def test_an_erase_of_the_journal_does_not_disturb_the_dose(erase_us):
    with pump() as p:
        p.infuse(5_000)
        p.run(5_000)
        p.chip.flash.erase_us = erase_us
        store = p.board.store
        area = 1 if p.app.keeper.journal._area == 2 else 2
        assert store.write(area, 0, bytes(store.size(area))) == 0
        made = p.bench.turned
        before = p.chip.us
        store.erase(area)
        took_ms = (p.chip.us - before) // 1000
        assert took_ms == 5 * erase_us // 1000
        p.run(10_000 - took_ms)
        assert p.app.controller.status.lost_ul == 0
        assert p.bench.turned - made == pytest.approx(5_000 / 360_000 * 10 / STEP_UL * 100, rel=0.1)


def test_the_stop_key_gates_the_motor_at_once_and_the_state_follows_within_two_turns():
    with pump() as p:
        p.infuse(150_000)
        p.run(5_037)
        p.bench.stop(True)
        made = len(p.bench.pulses)
        assert not p.bench.powered
        p.run(50)
        assert len(p.bench.pulses) == made
        p.run(200)
        assert p.app.readings.flags & RF_GATE_SHUT
        assert p.app.controller.delivery.state != t.ST_INFUSING
        p.bench.stop(False)
        p.run(5_000)
        assert len(p.bench.pulses) == made
        p.hands.keys.append((KEY_START, 0))
        p.run(5_000)
        assert p.app.controller.delivery.state == t.ST_INFUSING
        assert len(p.bench.pulses) > made
        assert not p.app.readings.flags & RF_GATE_SHUT


def test_the_stop_key_works_while_no_python_runs():
    with pump() as p:
        p.infuse(20_000)
        p.run(5_000)
        p.chip.at(p.chip.us + 500_000, lambda: p.bench.stop(True))
        begun = p.chip.us
        p.chip.stall(2_000_000)
        assert p.bench.pulses[-1] - begun <= 500_003


def test_a_screw_that_does_not_follow_is_seen_on_the_encoder():
    with pump() as p:
        p.infuse(20_000)
        p.run(5_000)
        p.bench.stalled = True
        p.run(2_000)
        readings = p.app.readings
        assert readings.step_count - readings.encoder_count > 100


class Mute(Hands):
    """Sensors of which one is silent, or worse, from a time on."""

    how = None

    def read(self, readings):
        super().read(readings)
        if self.how == "raises":
            raise OSError(5)
        return 2 if self.how == "silent" else 0


@pytest.mark.parametrize("how", ["silent", "raises"])
def test_a_sensor_that_fails_is_a_flag_and_no_exception(how):
    bench = Bench()
    with pump(bench, Mute(bench.chip)) as p:
        p.infuse(5_000)
        p.run(1_000)
        assert not p.app.readings.flags & RF_SENSOR_FAULT
        p.hands.how = how
        p.run(1_000)
        assert p.app.readings.flags & RF_SENSOR_FAULT
        assert p.bench.turned


def test_a_panel_that_raises_takes_nothing_with_it():
    class Broken:
        def show(self, status):
            raise OSError(5)

    with pump(panel=(Broken(),)) as p:
        p.infuse(5_000)
        p.run(5_000)
        assert p.app.controller.delivery.state == t.ST_INFUSING
        assert p.board.failures > 50


def test_over_somebody_elses_file_system_it_boots_without_a_store_and_gives_no_dose():
    bench = Bench()
    flash = bench.chip.flash
    flash.data[flash.base - 5 * 4096 :] = b"\x17" * (len(flash.data) - flash.base + 5 * 4096)
    before = bytes(flash.data)
    with pump(bench) as p:
        p.infuse(5_000)
        p.run(5_000)
        assert p.bench.turned == 0
    assert flash.data == before


def test_the_turn_that_closes_the_relay_makes_no_step():
    with pump() as p:
        p.run(1_000)
        drive = p.app.drive
        drive.enable = drive.relay = 1
        drive.step_rate_mhz, drive.step_end = 5_000_000, 1_000
        p.board.relay.drive(0)
        p.board._powered = 0
        p.board.write(drive)
        p.chip.advance(50_000)
        assert (p.bench.turned, p.bench.powered) == (0, 1)
        p.board.write(drive)
        p.chip.advance(20_000)
        assert p.bench.turned == p.board.generator.count() > 50


def test_enable_alone_opens_the_gate_whatever_the_relay_is():
    with pump() as p:
        p.run(1_000)
        p.bench.stop(True)
        p.chip.advance(1_000)
        p.bench.stop(False)
        drive = p.app.drive
        drive.enable, drive.relay, drive.step_rate_mhz = 1, 0, 0
        assert p.board.generator.is_shut()
        p.board.write(drive)
        p.chip.advance(1_000)
        assert not p.board.generator.is_shut()
