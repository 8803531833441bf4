import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jaxaudit_cases.coronagraph.instrument.poisson import COUNTED, _expanded, poisson

DRAWS = 200_000
draw = jax.jit(poisson)


@pytest.mark.parametrize("mean", [0.003, 0.7, 1.0, 3.2, 8.5, 40.0, 15.9, 16.1, 1e4])
def test_counts_have_the_poisson_distribution(mean):
    """By chi squared over values (or groups of them) with at least fifty expected draws; one seed in 10,000 fails."""
    counts = np.asarray(draw(jax.random.key(7), jnp.full(DRAWS, mean, jnp.float32)))
    np.testing.assert_array_equal(counts, np.floor(counts))
    width = max(1, int(mean**0.5 / 4))
    edges = np.arange(0, counts.max() + width + 1, width)
    cumulative = stats.poisson.cdf(edges[1:] - 1, np.float32(mean))
    expected = np.diff(np.concatenate([[0], cumulative])) * DRAWS
    seen = np.histogram(counts, np.append(edges[:-1], np.inf))[0]
    expected[-1] += DRAWS - expected.sum()
    enough = expected >= 50
    expected = np.append(expected[enough], expected[~enough].sum())
    seen = np.append(seen[enough], seen[~enough].sum())
    if expected[-1] < 5:
        expected, seen = np.append(expected[:-2], expected[-2:].sum()), np.append(seen[:-2], seen[-2:].sum())
    assert stats.chisquare(seen, expected).pvalue > 1e-4


@pytest.mark.parametrize("mean", [0.5, COUNTED, 2000.0, 1e8])
def test_mean_and_variance(mean):
    counts = np.asarray(draw(jax.random.key(3), jnp.full(DRAWS, mean, jnp.float32)), np.float64)
    assert abs(counts.mean() - mean) < 4.5 * (mean / DRAWS) ** 0.5
    assert abs(counts.var() / mean - 1) < 4.5 * ((2 + 1 / mean) / DRAWS) ** 0.5


def test_nothing_is_drawn_where_nothing_comes():
    np.testing.assert_array_equal(draw(jax.random.key(0), jnp.zeros(10, jnp.float32)), 0)


@pytest.mark.parametrize("wrong", [-1.0, float("nan")])
def test_what_is_no_mean_gives_nan_and_leaves_the_rest(wrong):
    mean = jnp.full(10, 5.0, jnp.float32).at[3].set(wrong)
    counts = draw(jax.random.key(0), mean)
    assert np.isnan(counts[3])
    assert np.isfinite(np.delete(counts, 3)).all()


def test_float64_stays_float64():
    with jax.enable_x64(True):
        assert draw(jax.random.key(0), jnp.full(3, 2.0, jnp.float64)).dtype == jnp.float64


def test_the_largest_means_do_not_overflow():
    counts = draw(jax.random.key(0), jnp.full(10, 3.6e12, jnp.float32))
    np.testing.assert_allclose(counts, 3.6e12, rtol=1e-5)


@pytest.mark.parametrize("mean", [16.01, 30.3, 300.0])
def test_the_expansion_is_off_by_one_for_few_numbers_only(mean):
    uniform = (np.arange(100_000) + 0.5) / 100_000
    with jax.enable_x64(True):
        found = jax.jit(_expanded)(jnp.asarray(uniform), jnp.full(100_000, mean))
    wrong = np.asarray(found) - stats.poisson.ppf(uniform, mean)
    assert np.abs(wrong).max() <= 1
    assert np.mean(wrong != 0) < 1 / 2000
