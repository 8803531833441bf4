import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cases.coronagraph.sky.precision import double
from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.sky.gridded import GriddedPlanets
from jaxaudit_cases.coronagraph.sky.orbit import Orbit
from jaxaudit_cases.coronagraph.sky.star import Star

STAR = ([400.0, 900.0], [30.0, 30.0])
PHASES = [[0.2, 1.0, 3.0], [0.0, 1.5, 3.2]]
TABLE = np.random.default_rng(1).uniform(1e-10, 1e-9, (2, 2, 3))
LOOK = jax.jit(lambda it, t, sun: (it.position_au(t, sun), it.offsets_arcsec(t, sun), it.contrast(500.0, t, sun)))


def planets(**change):
    orbit = Orbit([1.0, 2.0], [0.0, 0.4], [1.4, 0.8], [0.0, 1.0], [0.0, 2.0], [0.0, 0.0], [0.0, 0.0])
    fields = {"orbit": orbit, "wavelengths_nm": [400.0, 600.0], "phases_rad": PHASES, "contrast_at_axis": TABLE}
    return GriddedPlanets(**(fields | change))


def test_contrast_is_read_by_wavelength_and_phase_and_goes_with_the_distance():
    with double():
        for time in (0.0, 60.0, 120.0, 250.0):
            place, offsets, contrast = (np.asarray(it) for it in LOOK(planets(), time, Star(*STAR)))
            distance = np.linalg.norm(place, axis=1)
            phase = np.arccos(-place[:, 2] / distance)
            table = TABLE.mean(axis=1)
            wanted = [np.interp(phase[k], PHASES[k], table[k]) * ([1.0, 2.0][k] / distance[k]) ** 2 for k in (0, 1)]
            np.testing.assert_allclose(contrast, wanted, rtol=1e-12)
            np.testing.assert_allclose(offsets, place[:, :2] / 10, rtol=1e-14)


@pytest.mark.slow
def test_planets_one_by_one_under_vmap_are_the_same():
    spread = GriddedPlanets(planets().orbit, [400.0, 600.0], PHASES, TABLE)
    axes = jax.tree.map(lambda leaf: None if leaf.shape == (2,) and leaf[0] == 400 else 0, spread)
    each = jax.jit(jax.vmap(GriddedPlanets.contrast, (axes, None, None, None)))
    np.testing.assert_allclose(each(spread, 500.0, 60.0, Star(*STAR)), LOOK(planets(), 60.0, Star(*STAR))[2], rtol=1e-6)


@pytest.mark.slow
def test_gradients_are_finite_at_conjunction():
    zeros, quarter = [0.0, 0.0], np.pi / 2
    edge_on = Orbit([1.0, 1.0], zeros, [quarter, quarter], zeros, zeros, [quarter, -quarter], zeros)
    light = jax.grad(lambda it: jnp.sum(it.contrast(500.0, 0.0, Star(*STAR))))
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(jax.jit(light)(planets(orbit=edge_on))))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"phases_rad": PHASES[0]},
            r"phases_rad has the shape \(3,\): it must be \[2, p\], at least two for each planet",
        ),
        ({"phases_rad": [[0.0], [1.0]]}, r"phases_rad has the shape \(2, 1\)"),
        ({"phases_rad": [[0, 1, 2], [0, 2, 1]]}, r"phases_rad\[:, 1:\] is 1 at \[1, 1\]: it must be increasing"),
        ({"contrast_at_axis": TABLE[:, :, :2]}, r"contrast_at_axis has the shape \(2, 2, 2\): it must be \(2, 2, 3\)"),
        ({"contrast_at_axis": -TABLE}, r"contrast_at_axis is -\S+ at \[0, 0, 0\]: it must be finite and not below 0"),
        ({"mass_mearth": [1.0]}, r"mass_mearth has the shape \(1,\): it must be \(2,\)"),
    ],
)
def test_bad_input_is_named(change, sentence):
    with pytest.raises(BadInput, match=sentence):
        planets(**change)


def test_a_wavelength_outside_the_table_and_a_time_that_is_none_are_named():
    with pytest.raises(BadInput, match="wavelength_nm is 700: the table holds 400 to 600 nm"):
        planets().contrast(700.0, 0.0, Star(*STAR))
    with pytest.raises(BadInput, match="time_d is nan: it must be a finite number"):
        planets().offsets_arcsec(np.nan, Star(*STAR))
