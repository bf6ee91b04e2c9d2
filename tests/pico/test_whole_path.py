"""The firmware infusing on a Pico board, on a chip of make-believe: the dose, through stalls and the gate."""

from firmware.therapy import tables as t
from hal.ports import RF_GATE_SHUT
from simulator.plant.config import PlantConfig
from tests.pico.pump import pump

STEP_NL = 35.046  # syringe 5


def test_it_infuses_what_it_is_told():
    with pump() as p:
        p.infuse(5_000)
        p.run(60_000)
        assert p.app.controller.delivery.state == t.ST_INFUSING
        assert p.app.controller.status.therapy_alarms == 0
        due = 5_000 / 3600 * 60 * 1000 / STEP_NL
        assert abs(p.bench.turned - due) < 20
        assert p.app.readings.step_count == p.app.readings.encoder_count == p.bench.turned == len(p.bench.pulses)
        assert PlantConfig(head=p.board.head, syringe=5).step_ul * 1000 - STEP_NL < 0.01
        assert p.board.failures == 0


def test_the_stop_key_gates_the_motor_before_the_next_turn_and_the_alarm_follows():
    with pump() as p:
        p.infuse(5_000)
        p.run(5_050)
        p.bench.stop(True)
        made = len(p.bench.pulses)
        assert not p.bench.powered
        p.run(250)
        assert len(p.bench.pulses) == made
        assert p.app.readings.flags & RF_GATE_SHUT
        assert p.app.controller.delivery.state != t.ST_INFUSING
