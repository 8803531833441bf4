import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cases.coronagraph.sky.precision import double
from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.sky import leinert
from jaxaudit_cases.coronagraph.sky.zodi import Zodi

BRIGHTNESS, FACTOR = jax.jit(Zodi.brightness), jax.jit(Zodi.factor)


def test_22_magnitudes_are_what_was_asked_for():
    assert abs(BRIGHTNESS(Zodi(), 550.0) / 0.157909 - 1) < 3e-6


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(0, 135), (45, 60), (-45, 60), (45, -60), (90, 0), (15, 0), (75, 180)]
)
def test_at_the_nodes_of_table_17_it_is_the_published_ratio(latitude, longitude):
    row = leinert.TABLE_17[abs(longitude)]
    wanted = row[leinert.LATITUDES_DEG.index(abs(latitude))] / 179
    found = FACTOR(Zodi(ecliptic_latitude_deg=latitude, solar_longitude_deg=longitude))
    np.testing.assert_allclose(found, wanted, rtol=3e-7)


def test_between_nodes_it_is_bilinear_and_longitude_goes_round():
    wanted = (0.5 * (0.2 * 505 + 0.8 * 442) + 0.5 * (0.2 * 338 + 0.8 * 317)) / 179
    for longitude in (67.5, -67.5, 292.5, -292.5):
        found = FACTOR(Zodi(ecliptic_latitude_deg=4.0, solar_longitude_deg=longitude))
        np.testing.assert_allclose(found, wanted, rtol=1e-6)


@pytest.mark.parametrize("wavelength", [300.0, 450.0, 500.0, 800.0, 1100.0, 2200.0])
def test_its_colour_is_that_of_table_19_in_photons(wavelength):
    table = np.array(sorted(leinert.TABLE_19.items()))

    def watts(at):
        return np.exp(np.interp(np.log(at), np.log(table[:, 0]), np.log(table[:, 1])))

    wanted = 0.1579092 * watts(wavelength) / watts(550.0) * wavelength / 550.0
    np.testing.assert_allclose(BRIGHTNESS(Zodi(), wavelength), wanted, rtol=5e-6)


def test_float64_agrees_with_float32():
    single = BRIGHTNESS(Zodi(21.5, 33.0, 77.0), 812.0)
    with double():
        both = BRIGHTNESS(Zodi(21.5, 33.0, 77.0), 812.0)
        assert both.dtype == jnp.float64
    np.testing.assert_allclose(single, both, rtol=3e-6)


def test_a_series_of_places_is_a_vmap_and_gradients_are_finite():
    latitudes = jnp.array([0.0, 20.0, -60.0, 90.0])

    def place(latitude):
        return Zodi(ecliptic_latitude_deg=latitude).brightness(600.0)

    many = jax.jit(jax.vmap(place))(latitudes)
    np.testing.assert_allclose(
        many, [BRIGHTNESS(Zodi(ecliptic_latitude_deg=it), 600.0) for it in np.asarray(latitudes)], rtol=3e-6
    )
    assert np.isfinite(jax.jit(jax.vmap(jax.grad(place)))(latitudes)).all()
    assert np.isfinite(jax.jit(jax.grad(Zodi.brightness, 1))(Zodi(), 500.0))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Zodi(np.inf), "magnitude is inf"),
        (lambda: Zodi(ecliptic_latitude_deg=91.0), "ecliptic_latitude_deg is 91: it must be between -90 and 90"),
        (lambda: Zodi(solar_longitude_deg=1000.0), "solar_longitude_deg is 1000"),
        (
            lambda: Zodi(solar_longitude_deg=5.0),
            "ecliptic_latitude_deg 0.0 and solar_longitude_deg 5.0 are too near to the sun",
        ),
        (lambda: Zodi(ecliptic_latitude_deg=9.9, solar_longitude_deg=10.1), "too near to the sun"),
        (lambda: Zodi().brightness(150.0), "wavelength_nm is 150: the table holds 200 to 140000 nm"),
        (lambda: Zodi([22.0]), r"magnitude has the shape \(1,\)"),
    ],
)
def test_bad_input_is_named(make, sentence):
    with pytest.raises(BadInput, match=sentence):
        make()


@pytest.mark.parametrize(("latitude", "longitude"), [(0, 15), (15, 0), (10, 10), (10, 12.5), (-15, 3)])
def test_the_edge_of_the_table_is_still_on_it(latitude, longitude):
    assert np.isfinite(FACTOR(Zodi(ecliptic_latitude_deg=latitude, solar_longitude_deg=longitude)))
