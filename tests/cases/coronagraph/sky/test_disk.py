import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cases.coronagraph.sky.precision import WIDTHS, double, slope
from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.sky.disk import Disks, ImageDisk, RingDisk
from jaxaudit_cases.coronagraph.sky.orbit import Orbit

SCALE = 0.02
LOOK = jax.jit(lambda disk, x, y, wavelength: disk.brightness(x, y, wavelength))


def images(rows=6, columns=9):
    return np.random.default_rng(3).uniform(0, 1e-8, (3, rows, columns))


def imaged(**change):
    return ImageDisk(
        **({"wavelengths_nm": [400.0, 500.0, 700.0], "contrast": images(), "pixel_scale_arcsec": SCALE} | change)
    )


def ring(**change):
    fields = {"radius_arcsec": 0.5, "width_arcsec": 0.03, "inclination_deg": 60.0, "position_angle_deg": 25.0}
    return RingDisk(**(fields | {"asymmetry": 0.4, "face_on_brightness": 1e-6} | change))


def keys(away):
    """Keys' cubic of 1981, a = -1/2."""
    away = abs(away)
    if away < 1:
        return 1.5 * away**3 - 2.5 * away**2 + 1
    return -0.5 * away**3 + 2.5 * away**2 - 4 * away + 2 if away < 2 else 0.0


def slowly(image, x, y):
    """Every pixel's share of every point."""
    rows, columns = image.shape
    column, row = x / SCALE + (columns - 1) / 2, y / SCALE + (rows - 1) / 2
    shares = [[keys(row - i) * keys(column - j) for j in range(columns)] for i in range(rows)]
    return np.sum(np.array(shares) * image) / SCALE**2


@pytest.mark.parametrize(("width", "error"), [("float32", 2e-6), ("float64", 4e-15)])
def test_images_are_sampled_by_keys_cubic(width, error):
    random = np.random.default_rng(5)
    # Also beyond the edges, where pixels that are not there count as nothing.
    x, y = (random.uniform(-0.13, 0.13, 200) for _ in range(2))
    with WIDTHS[width]():
        found = LOOK(imaged(), x.astype(width), y.astype(width), 450.0)
        assert found.dtype == width
    image = (images()[0] + images()[1]) / 2
    wanted = np.array([slowly(image, *at) for at in zip(x.astype(width).astype(float), y.astype(width).astype(float))])
    np.testing.assert_allclose(found, wanted, rtol=0, atol=error * wanted.max())


def test_pixels_are_where_the_convention_says():
    contrast = np.zeros((6, 9))
    contrast[4, 1] = 1e-8  # y = (4 - 2.5) pixels up, x = (1 - 4) pixels to the left
    disk = ImageDisk(None, contrast, SCALE)
    x, y = np.array([[-3.0, 3.0, 0.0, 1e4, -1e30], [1.5, -1.5, 0.0, 0.0, 0.0]], "float32") * np.float32(SCALE)
    np.testing.assert_allclose(LOOK(disk, x, y, 550.0), np.array([1e-8, 0, 0, 0, 0]) / SCALE**2, atol=1e-11)


def test_a_smooth_disk_keeps_its_light():
    side = (np.arange(40) - 19.5) * SCALE
    contrast = 1e-9 * np.exp(-(side**2 + side[:, None] ** 2) / 2 / 0.1**2)
    fine = ((np.arange(120) - 59.5) * SCALE / 3).astype("float32")
    x, y = np.meshgrid(fine, fine)
    total = np.asarray(LOOK(ImageDisk(None, contrast, SCALE), x, y, 550.0), float).sum() * (SCALE / 3) ** 2
    np.testing.assert_allclose(total, contrast.sum(), rtol=1e-5)


@pytest.mark.slow
def test_gradients_of_an_image_are_those_of_differences():
    x, y = np.array([0.003, -0.05]), np.array([0.02, 0.011])

    def look(disk, by):
        return jnp.sum(disk.brightness(x + by[0], y + by[1], 600.0))

    with double():
        disk, looks, none = imaged(), jax.jit(look), np.zeros(2)
        by_pixel, found = jax.jit(jax.grad(look, (0, 1)))(disk, none)
        wanted = [slope(lambda step, side=side: looks(disk, step * side), 0.0, 1e-6) for side in np.eye(2)]
        total, whole = np.sum(np.asarray(by_pixel.contrast) * np.asarray(disk.contrast)), looks(disk, none)
    np.testing.assert_allclose(found, wanted, rtol=1e-7)
    # Brightness is linear in the image.
    np.testing.assert_allclose(total, whole, rtol=1e-12)


@pytest.mark.parametrize("inclination", [0.0, 60.0, 120.0])
def test_a_ring_sends_as_much_light_from_wherever_it_is_seen(inclination):
    """Scattering alike in all directions, thin dust does: 2 pi R w sqrt(2 pi) x its face-on brightness."""
    side = (np.arange(400) - 199.5) * 0.004
    x, y = (it.astype("float32") for it in np.meshgrid(side, side))
    light = LOOK(ring(inclination_deg=inclination, asymmetry=0.0), x, y, 550.0)
    total = np.asarray(light, np.float64).sum() * 0.004**2
    np.testing.assert_allclose(total, 1e-6 * 2 * np.pi * 0.5 * 0.03 * np.sqrt(2 * np.pi), rtol=1e-6)


def test_a_ring_lies_in_the_plane_of_orbits_with_its_angles():
    orbit = Orbit(
        *([it] * 24 for it in (0.5, 0.0, np.deg2rad(60.0), np.deg2rad(115.0), 0.0)),
        np.arange(24) / 24 * 6.2832,
        [0.0] * 24,
    )
    x, y, z = np.asarray(jax.jit(Orbit.position)(orbit, 0.0, 1.0)).T
    wanted = 1e-6 / np.cos(np.pi / 3) * (1 - 0.4**2) / (1 + 0.4**2 - 2 * 0.4 * z / 0.5) ** 1.5
    np.testing.assert_allclose(LOOK(ring(), x, y, 550.0), wanted, rtol=2e-5)


@pytest.mark.slow
def test_gradients_of_a_ring_are_those_of_differences_and_finite_at_the_star():
    x, y = np.array([0.31, -0.2, 0.0]), np.array([-0.2, -0.3, 0.45])
    with double():

        def look(by):
            names = ("radius_arcsec", "width_arcsec", "inclination_deg", "position_angle_deg", "asymmetry")
            fields = {name: getattr(ring(), name) + step for name, step in zip(names, by)}
            return ring(**fields).brightness(x + by[5], y, 550.0) * 1e6

        looks, found = jax.jit(look), jax.jit(jax.jacfwd(look))(np.zeros(6))
        for index in range(6):
            wanted = slope(lambda step, index=index: looks(step * np.eye(6)[index]), 0.0, 1e-4)
            np.testing.assert_allclose(np.asarray(found)[:, index], wanted, rtol=0, atol=1e-5 * np.abs(wanted).max())
    at_star = jax.jit(jax.grad(lambda it, x: it.brightness(x, x, 550.0), (0, 1)))(ring(inclination_deg=0.0), 0.0)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(at_star))


def test_a_ring_may_have_a_colour_and_disks_add_up():
    coloured = ring(face_on_brightness=[1e-6, 3e-6], wavelengths_nm=[500.0, 600.0])
    x, y = np.array([[[0.1, 0.2]], [[0.4, 0.3]]], "float32")
    grey, image, both = (
        LOOK(ring(), x, y, 550.0),
        LOOK(imaged(), x, y, 550.0),
        LOOK(Disks((coloured, imaged(), ring())), x, y, 550.0),
    )
    assert both.shape == (1, 2)
    np.testing.assert_allclose(both, 3 * np.asarray(grey) + np.asarray(image), rtol=1e-6)


def test_series_of_wavelengths_under_jit():
    x, y = np.array([[0.01, 0.02], [0.0, 0.03]], "float32")
    wavelengths = np.array([450.0, 600.0], "float32")
    many = jax.jit(jax.vmap(ImageDisk.brightness, (None, None, None, 0)))(imaged(), x, y, wavelengths)
    np.testing.assert_allclose(np.asarray(many)[1], LOOK(imaged(), x, y, 600.0), rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: imaged(contrast=images()[:2]),
            r"contrast has the shape \(2, 6, 9\): it must be \(3, 6, 9\), an image a",
        ),
        (lambda: imaged(contrast=images()[0]), r"contrast has the shape \(6, 9\): it must be \[wavelength, y, x\]"),
        (lambda: ImageDisk(None, images(), 0.02), r"contrast has the shape \(3, 6, 9\): it must be \[y, x\]"),
        (
            lambda: imaged(contrast=images() * np.nan),
            r"contrast is nan at \[0, 0, 0\]: it must be finite and not below 0",
        ),
        (lambda: imaged(contrast=-images()), r"contrast is -\S+ at \[0, 0, 0\]"),
        (lambda: imaged(pixel_scale_arcsec=0.0), "pixel_scale_arcsec is 0: it must be positive and finite"),
        (lambda: imaged().check(800.0), "wavelength_nm is 800: the table holds 400 to 700 nm"),
        (lambda: imaged().image(800.0), "wavelength_nm is 800: the table holds 400 to 700 nm"),
        (lambda: ring(radius_arcsec=-1.0), "radius_arcsec is -1"),
        (lambda: ring(width_arcsec=0.0), "width_arcsec is 0"),
        (lambda: ring(inclination_deg=90.0), "inclination_deg is 90: it must be more than 1.2 degrees from edge-on"),
        (lambda: ring(asymmetry=1.0), "asymmetry is 1: it must be above -1 and below 1"),
        (lambda: ring(face_on_brightness=[1.0, 2.0]), r"face_on_brightness has the shape \(2,\): it must be \(\)"),
        (lambda: ring(position_angle_deg=[1.0]), r"position_angle_deg has the shape \(1,\): it must be one number"),
        (lambda: Disks(()), "disks is empty"),
    ],
)
def test_bad_input_is_named(make, sentence):
    with pytest.raises(BadInput, match=sentence):
        make()
