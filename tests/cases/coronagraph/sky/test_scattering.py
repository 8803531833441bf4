import jax
import numpy as np
import pytest

from cases.coronagraph.sky.precision import WIDTHS, double, slope
from jaxaudit_cases.coronagraph.sky.scattering import bend_rad, henyey_greenstein, lambert_phase


def place(phase, distance=2.0, around=0.3):
    """Where a planet of this phase angle stands; z points to us."""
    across = distance * np.sin(phase)
    return np.array([across * np.cos(around), across * np.sin(around), -distance * np.cos(phase)])


@pytest.mark.parametrize("width", WIDTHS)
def test_a_lambert_spheres_phase(width):
    phase = np.linspace(0.0, np.pi, 181)[:-1]
    x, y, z = place(phase).astype(width)
    with WIDTHS[width]():
        found = jax.jit(lambert_phase)(x, y, z)
        assert found.dtype == width
    # The phase angle of the rounded place, and long doubles: nearly new, all digits of the textbook's formula cancel.
    x, y, z = (it.astype(np.longdouble) for it in (x, y, z))
    rest = np.arctan2(np.hypot(x, y), z)
    slow = (np.sin(rest) - rest * np.cos(rest)) / np.longdouble(np.pi)
    np.testing.assert_allclose(np.asarray(found, np.longdouble), slow, rtol=6 * np.finfo(width).eps, atol=1e-30)


def test_full_half_and_new():
    x, y, z = np.array([[0, 0, -1], [0, 1, 0], [0, 0, 1]], "float32").T
    np.testing.assert_allclose(jax.jit(lambert_phase)(x, y, z), [1, 1 / np.pi, 0], rtol=2e-7)


def test_the_geometric_and_the_bond_albedo_of_a_lambert_sphere_are_as_two_to_three():
    phase = np.linspace(0, np.pi, 2001)
    with double():
        values = np.asarray(jax.jit(lambert_phase)(*place(phase)))
    assert abs(2 * np.trapezoid(values * np.sin(phase), phase) - 3 / 2) < 1e-6


def test_its_gradients_are_those_of_differences_and_finite_when_full_and_new():
    phases = np.array([0.0, 0.01, 1.0, 2.0, 3.1, np.pi])
    at = place(phases)
    with double():
        phase = jax.jit(lambert_phase)
        found = np.asarray(jax.jit(jax.vmap(jax.grad(lambert_phase, (0, 1, 2))))(*at))
        for axis in range(3):
            move = np.eye(3)[axis][:, None]
            wanted = slope(lambda step, move=move: phase(*(at + step * move)), 0.0, 1e-4)
            # Full, the second derivative diverges, and differences are off by their step.
            np.testing.assert_allclose(found[axis], wanted, atol=3e-5 if axis < 2 else 1e-8)
    single = jax.jit(jax.vmap(jax.grad(lambert_phase, (0, 1, 2))))(*at.astype("float32"))
    np.testing.assert_allclose(single, found, atol=1e-6)
    second = jax.jit(jax.vmap(jax.hessian(lambert_phase)))(*np.array([[0, 0], [0, 0], [-1, 1]], "float32"))
    assert np.isfinite(second).all()


def test_the_angle_at_the_star_has_no_nan_slope_at_conjunction():
    for z in (-1.0, 1.0):
        assert np.isfinite(jax.jit(jax.grad(bend_rad, (0, 1, 2)))(0.0, 0.0, z)).all()


@pytest.mark.parametrize("asymmetry", [0.0, 0.4, -0.7])
def test_dust_scatters_all_light_somewhere(asymmetry):
    cosine = np.linspace(-1, 1, 20001)
    with double():
        values = np.asarray(jax.jit(henyey_greenstein)(cosine, asymmetry))
    assert abs(np.trapezoid(values, cosine) / 2 - 1) < 1e-6
    assert abs(np.trapezoid(values * cosine, cosine) / 2 - asymmetry) < 1e-6
