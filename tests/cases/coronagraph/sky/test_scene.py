import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cases.coronagraph.sky.precision import double
from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.sky.disk import ImageDisk
from jaxaudit_cases.coronagraph.sky.planet import FixedPlanets
from jaxaudit_cases.coronagraph.sky.scene import Scene
from jaxaudit_cases.coronagraph.sky.star import Star
from jaxaudit_cases.coronagraph.sky.zodi import Zodi

EPOCH = 2460310.5


def scene(**more):
    return Scene(Star([400.0, 900.0], np.ones((2, 2)), times_d=[0.0, 10.0]), epoch_jd=EPOCH, **more)


def test_julian_dates_become_days():
    assert scene().days(2460320.75) == 10.25
    assert type(scene().days(np.float64(2460320.75))) is float
    assert scene().days(2460311) == 0.5
    np.testing.assert_array_equal(scene().days(np.array([2460310.5, 2460311.0])), [0.0, 0.5])
    with double():
        assert jax.jit(lambda it, jd: it.days(jd))(scene(), 2460320.75) == 10.25


@pytest.mark.parametrize("kind", [np.float32, jnp.float32, jnp.bfloat16])
def test_a_julian_date_that_cannot_hold_the_time_of_day_is_refused(kind):
    with pytest.raises(BadInput, match=r"start_time_jd is b?float\d\d: it resolves .* days"):
        scene().days(kind(2460320.75))
    with pytest.raises(BadInput, match=r"when is float32: it resolves 0.25 days; give a Python float, or float64"):
        scene().days(jnp.float32(2460320.75), "when")
    with pytest.raises(BadInput, match="start_time_jd is float32"):
        jax.jit(lambda it, jd: it.days(jd))(scene(), 2460320.75)


def test_dates_that_are_none_are_refused():
    with pytest.raises(BadInput, match="start_time_jd is nan: it must be a finite Julian date"):
        scene().days(float("nan"))
    with pytest.raises(BadInput, match="epoch_jd is inf"):
        Scene(Star([400.0, 900.0], [1.0, 1.0]), epoch_jd=float("inf"))


def test_a_julian_date_in_place_of_days_is_named():
    steady = Scene(Star([400.0, 900.0], [1.0, 1.0]), epoch_jd=EPOCH)
    with pytest.raises(
        BadInput, match=r"time_d is 2460320.75: in float32 that resolves 0.25 days; it must be days since"
    ):
        steady.check(550.0, 2460320.75)
    with double():
        steady.check(550.0, 2460320.75)


def test_a_scene_is_checked_as_a_whole():
    scene(zodi=Zodi()).check(550.0, 5.0)
    with pytest.raises(BadInput, match="time_d is 11: the table holds 0 to 10 days"):
        scene().check(550.0, 11.0)
    image = ImageDisk([500.0, 600.0], np.ones((2, 3, 3)), 0.1)
    with pytest.raises(BadInput, match="wavelength_nm is 700: the table holds 500 to 600 nm"):
        scene(disk=image).check(700.0, 5.0)
    planets = FixedPlanets([[0.1, 0.2]], [[1e-10, 1e-10]], [600.0, 800.0])
    with pytest.raises(BadInput, match="wavelength_nm is 550: the table holds 600 to 800 nm"):
        scene(planets=planets).check(550.0, 5.0)


def test_the_epoch_is_no_leaf_and_everything_else_is_an_array():
    leaves = jax.tree.leaves(scene(zodi=Zodi()))
    assert len(leaves) == 10
    assert all(isinstance(leaf, jax.Array) and not leaf.weak_type for leaf in leaves)
