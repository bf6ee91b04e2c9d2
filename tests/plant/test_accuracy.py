"""The IEC analysis against examples small enough to compute by hand."""

import pytest

from simulator.accuracy import analyse, flows_ml_h, overall_error, window_errors


def test_a_flow_is_the_volume_of_its_half_minute():
    # 100 µL in half a minute is 0.1 mL × 120 = 12 mL/h.
    assert flows_ml_h([0, 100, 150, 150]) == pytest.approx([12.0, 6.0, 0.0])


def test_a_window_takes_the_mean_of_its_flows():
    # Errors at 10 mL/h: +10, −10, +30, −30 %. Pairs: 0, +10, 0.
    high, low = window_errors([11, 9, 13, 7], 10, window_min=1)
    assert (high, low) == pytest.approx((10.0, 0.0))
    # Triples: +10, −10/3.
    assert window_errors([11, 9, 13, 7], 10, window_min=1.5) == pytest.approx((10.0, -10 / 3))


def test_the_widest_window_is_the_overall_error():
    flows = [11, 9, 13, 9]
    high, low = window_errors(flows, 10, window_min=2)
    assert high == low == pytest.approx(5.0)


def test_overall_error_compares_first_and_last():
    # 210 µL in a minute is 12.6 mL/h: 5 % above 12.
    assert overall_error([0, 200, 210], 12) == pytest.approx(5.0)


def test_windows_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="whole number"):
        window_errors([1, 2, 3], 1, window_min=0.75)
    with pytest.raises(ValueError, match="does not fit"):
        window_errors([1, 2, 3], 1, window_min=2)


def test_start_up_is_left_out_of_the_trumpet():
    # Nothing in the first hour, then exactly 6 mL/h = 50 µL each half minute.
    volumes = [0.0] * 120 + [50.0 * place for place in range(121)]
    accuracy = analyse(volumes, 6.0)
    assert accuracy.overall_pct == pytest.approx(0.0)
    assert accuracy.widest(31) == pytest.approx(0.0, abs=1e-9)
    assert accuracy.startup[0] == (0.5, 0.0)
    assert accuracy.startup[-1] == (120.0, pytest.approx(6.0))
