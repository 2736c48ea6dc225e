"""What calibration pictures say of others: p-values, limits, and what of a rate can be promised."""

import numpy as np
import pytest

from aepipe.errors import ParameterError
from aepipe.scoring.conformal import is_anomalous, make_promise, measure_rates, p_values, threshold

SCORES = np.array([1.0, 2, 2, 3])


def test_a_p_value_is_the_share_that_is_at_least_as_strange_with_the_picture_itself():
    assert p_values(SCORES, np.array([0, 2, 2.5, 3, 4])).tolist() == [1, 4 / 5, 2 / 5, 2 / 5, 1 / 5]


@pytest.mark.parametrize("num_calibration", [1, 19, 99, 100, 999])
@pytest.mark.parametrize("rate", [0.01, 0.05, 0.07, 0.5, 0.999])
def test_above_the_threshold_is_exactly_what_is_called_anomalous(num_calibration, rate):
    random = np.random.default_rng(0)
    calibration = random.integers(0, 50, num_calibration).astype(float)
    values = np.concatenate([calibration, random.uniform(-1, 51, 200)])
    verdicts = is_anomalous(p_values(calibration, values), make_promise(num_calibration, rate))
    assert (verdicts == (values > threshold(calibration, rate))).all()


def test_so_many_pictures_as_a_rate_takes_promise_it_and_one_less_says_that_they_cannot():
    enough, few = make_promise(99, 0.01), make_promise(98, 0.01)
    assert (enough.is_kept, enough.rate) == (True, 0.01)
    assert (few.is_kept, few.rate) == (False, 1 / 99)
    assert "can't be promised: that takes 99 calibration pictures, and there are 98." in few.sentence
    # What is beyond all of them still raises an alarm.
    calibration = np.arange(98.0)
    assert is_anomalous(p_values(calibration, np.array([97.0, 97.5])), few).tolist() == [False, True]


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1, 2, float("nan")])
def test_a_rate_lies_between_0_and_1(rate):
    with pytest.raises(ParameterError, match="Received: false_alarm_rate="):
        make_promise(99, rate)


def test_false_alarms_on_fresh_normal_pictures_keep_the_promise_and_the_half_of_others_judges_a_picture():
    random = np.random.default_rng(1)
    calibration, fresh = random.lognormal(size=2000), random.lognormal(size=5000)
    alarms = is_anomalous(p_values(calibration, fresh), make_promise(2000, 0.05)).mean()
    assert alarms == pytest.approx(0.05, abs=0.012)
    digests = [b"%032x" % number for number in random.integers(0, 2**63, 2000)]
    rates = measure_rates(digests, calibration, calibration + 100, 0.05)
    assert rates.false_alarm == pytest.approx(0.05, abs=0.02)
    assert rates.miss == 0
    assert measure_rates(digests, calibration, calibration[:0]).miss is None


def test_a_copy_never_judges_its_original():
    # Each picture twice, in one half: 9 and 3 are beyond 1 and 2, and would not be beyond themselves.
    digests = [digest for digest in (b"a", b"b", b"c", b"d") for _ in range(2)]
    rates = measure_rates(digests, np.repeat([1.0, 9, 2, 3], 2), np.empty(0), 0.2)
    assert rates.false_alarm == 0.5
