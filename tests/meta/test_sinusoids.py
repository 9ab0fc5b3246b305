"""The waves: what is drawn, and that support and query are of one wave."""

import numpy as np
import pytest

from minidl.meta import sinusoids


def test_support_and_query_are_points_of_the_same_wave():
    """y = A sin x + B cos x, fitted to the support, foretells the query."""
    tasks = sinusoids.sample(20, np.random.default_rng(0)).tasks(5, 7, np.random.default_rng(1))
    for t in range(20):
        x, y = (part.data[t, :, 0] for part in tasks.support)
        waves = lambda x: np.column_stack([np.sin(x), np.cos(x)])
        coefficients = np.linalg.lstsq(waves(x), y, rcond=None)[0]
        x, y = (part.data[t, :, 0] for part in tasks.query)
        assert np.allclose(waves(x) @ coefficients, y, atol=1e-4)


def test_no_point_is_in_both_and_shapes_are_as_asked():
    tasks = sinusoids.sample(9, np.random.default_rng(0)).tasks(5, 7, np.random.default_rng(1))
    assert tasks.count == 9
    assert tasks.support[0].shape == tasks.support[1].shape == (9, 5, 1)
    assert tasks.query[0].shape == tasks.query[1].shape == (9, 7, 1)
    for t in range(9):
        assert not np.intersect1d(tasks.support[0].data[t], tasks.query[0].data[t]).size


def test_waves_are_drawn_from_the_papers_ranges():
    """Means of 20,000 uniform draws, at 6 standard errors: false alarms one in 10^8."""
    waves = sinusoids.sample(20_000, np.random.default_rng(0))
    for values, (low, high) in [(waves.amplitude, (0.1, 5)), (waves.phase, (0, np.pi))]:
        error = (high - low) / np.sqrt(12 * 20_000)
        assert values.mean() == pytest.approx((low + high) / 2, abs=6 * error)
        assert low <= values.min() and values.max() <= high


def test_the_error_of_the_best_common_answer_is_known():
    """The mean wave is -E[a] (2/pi) cos x, and what it leaves is the variance: `joint_error`.

    Estimated from 40,000 waves; the standard error of a mean of a^2 is below .04.
    """
    rng = np.random.default_rng(0)
    waves = sinusoids.sample(40_000, rng)
    x = rng.uniform(*sinusoids.INPUTS, (40_000, 1, 1))
    error = np.mean((waves(x) + 2.55 * 2 / np.pi * np.cos(x)) ** 2)
    assert error == pytest.approx(sinusoids.joint_error(), abs=0.2)


def test_the_network_is_the_papers():
    assert [p.shape for p in sinusoids.network().parameters()] == [
        (40, 1), (40,), (40, 40), (40,), (1, 40), (1,),
    ]  # fmt: skip
