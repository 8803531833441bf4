"""Light through a vortex coronagraph: a clear circular pupil, a spiral of phase in its focus, a Lyot stop, an image.

Fields are transformed by products with matrices of cosines and sines. A source off the axis moves the focal field, which
stays real because the pupil is even; the Lyot stop is even too. So the mask's cosine and sine parts go through the rest
apart, in real numbers, and the image is the sum of two squares.

The spiral turns ever faster towards its centre. The focal plane is therefore sampled by levels: a coarse one as wide as
the sampled pupil allows, and finer ones nested around the centre, which share the plane by smooth weights of sum 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.package.pupil import half_axis, quarter_disc

BATCH = 8
"""Images made together: enough for large products, few enough to stay in the processor's cache."""

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class VortexDesign:
    """A vortex coronagraph, and how finely it is computed.

    `charge` is the mask's turns of phase (even), `lyot` the Lyot stop's diameter in pupil diameters, `samples` the
    samples across the pupil (even; also the focal plane's width in lambda/D, which must hold the image and the sources).
    """

    charge: int = 6
    lyot: float = 0.95
    samples: int = 128

    def __post_init__(self) -> None:
        if self.charge < 0 or self.charge % 2:
            raise BadInput(f"charge is {self.charge}: wanted an even number of turns, 0 (no mask) or more")
        if not 0 < self.lyot <= 1:
            raise BadInput(f"lyot is {self.lyot}: wanted a part of the pupil's diameter, above 0 and at most 1")
        if self.samples < 16 or self.samples % 2:
            raise BadInput(f"samples is {self.samples}: wanted an even number of samples across the pupil, 16 or more")


@dataclass(frozen=True, eq=False)
class Level:
    """One grid of the focal plane: its points, and its weight times each point's area [m, m]."""

    points_lod: NDArray[np.float64]
    weight: NDArray[np.float64]


COARSE_STEP = 0.5  # lambda/D; light of the pupil needs 1, the mask's turns beyond INNER steps the rest
FINE_POINTS = 64  # points a side of each finer level, half as far apart as those of the one around it
INNER, OUTER = 8, 16  # steps from the centre between which a level hands over to the next finer one
FINER_LEVELS = 5


def step_down(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 up to 0, 0 from 1 on, without a kink of any order between."""
    inside = np.clip(x, 1e-9, 1 - 1e-9)
    rise, fall = np.exp(-1 / inside), np.exp(-1 / (1 - inside))
    return np.where(x <= 0, 1.0, np.where(x >= 1, 0.0, fall / (rise + fall)))


def focal_levels(samples: int) -> list[Level]:
    """The focal plane's grids, coarse to fine. Their weights sum to 1 at each point of the coarse one's square."""
    levels = []
    for finer in range(FINER_LEVELS + 1):
        step = COARSE_STEP / 2**finer
        count = FINE_POINTS if finer else round(samples / step)
        points = (np.arange(count) - (count - 1) / 2) * step
        radius = np.hypot(points[:, None], points[None, :])
        share = finer_share(radius, 2 * step) if finer else np.ones_like(radius)
        if finer < FINER_LEVELS:
            share = share - finer_share(radius, step)
        levels.append(Level(points, share * step**2))
    return levels


def finer_share(radius_lod: NDArray[np.float64], step_lod: float) -> NDArray[np.float64]:
    """How much of the plane at this radius the grids finer than one of this step see to."""
    return step_down((radius_lod / step_lod - INNER) / (OUTER - INNER))


def spiral(points_lod: NDArray[np.float64], charge: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mask on a grid: cosine and sine of `charge` times the angle around the centre."""
    angle = charge * np.arctan2(points_lod[:, None], points_lod[None, :])
    return np.cos(angle), np.sin(angle)


@dataclass(frozen=True, eq=False)
class Columns:
    """Source positions along x, ready for `Propagator.images`; a slice of them is cheap."""

    x_lod: NDArray[np.float64]
    parts: tuple[Array, ...]

    def __getitem__(self, chosen: slice) -> "Columns":
        return Columns(self.x_lod[chosen], tuple(part[chosen] for part in self.parts))


class Propagator:
    """Images of point sources through a vortex coronagraph, as fractions of the light that enters the telescope.

    `images(columns, y)` gives those of a row of sources; images are [y, x], centred between the middle pixels when
    `pixels` is even. In float32 an error of about 1e-7 of the brightest image's peak stays; take float64 for the star.
    """

    def __init__(
        self, design: VortexDesign, pixels: int, pixel_scale_lod: float, dtype: type[np.floating[Any]] = np.float32
    ) -> None:
        self.design, self.pixels, self.pixel_scale_lod, self.dtype = design, pixels, pixel_scale_lod, dtype
        self._u = half_axis(design.samples)
        area = 4 / design.samples**2  # of a sample in each of the four quarters
        aperture = quarter_disc(design.samples)
        entering = float(np.sum(aperture)) * area
        self._aperture = (aperture * area / np.sqrt(entering)).astype(dtype)
        kept = int(np.count_nonzero(self._u < design.lyot / 2 + 0.5 / design.samples))
        stop = quarter_disc(design.samples, design.lyot)[:kept, :kept] * area
        self._stop = np.tile(stop, (2, 2)).astype(dtype)
        self._levels = focal_levels(design.samples)
        self._masks = [self._mask(level) for level in self._levels]
        self._to_lyot = [waves(self._u[:kept], level.points_lod).astype(dtype) for level in self._levels]
        centred = (np.arange(pixels) - (pixels - 1) / 2) * pixel_scale_lod
        self._to_image = (waves(self._u[:kept], centred).T * np.sqrt(pixel_scale_lod)).astype(dtype)

    def _mask(self, level: Level) -> tuple[Array, ...]:
        parts = spiral(level.points_lod, self.design.charge)
        kept = parts if self.design.charge else parts[:1]
        return tuple((part * level.weight).astype(self.dtype) for part in kept)

    def columns(self, x_lod: Sequence[float] | Array) -> Columns:
        """What the sources' x positions (lambda/D) contribute, for as many rows as you like."""
        x = np.asarray(x_lod, np.float64).reshape(-1)
        return Columns(x, tuple(self._moved(level, x).swapaxes(1, 2) for level in self._levels))

    def _moved(self, level: Level, along: NDArray[np.float64]) -> Array:
        """Cosines between a level's points, as seen from sources, and the pupil's samples [source, point, sample]."""
        distance = level.points_lod[None, :, None] - along[:, None, None]
        return np.cos(2 * np.pi * distance * self._u).astype(self.dtype)

    def images(self, columns: Columns, y_lod: float) -> Array:
        """Images [source, y, x] of the sources at (columns' x, y)."""
        rows = self._rows(y_lod)
        out = np.empty((len(columns.x_lod), self.pixels, self.pixels), self.dtype)
        for start in range(0, len(out), BATCH):
            chosen = slice(start, start + BATCH)
            fields = self._fields(columns[chosen], rows)
            out[chosen] = sum(field * field for field in fields)
        return out

    def _rows(self, y_lod: float) -> list[Array]:
        y = np.array([y_lod], np.float64)
        return [self._moved(level, y)[0] @ self._aperture for level in self._levels]

    def _fields(self, columns: Columns, rows: list[Array]) -> list[Array]:
        """The image's field, as the mask's cosine part and its sine part make it."""
        focus = [row @ part for row, part in zip(rows, columns.parts)]
        fields = []
        for part in range(len(self._masks[0])):
            lyot: Any = 0
            for field, masks, to_lyot in zip(focus, self._masks, self._to_lyot):
                lyot = lyot + to_lyot @ (field * masks[part]) @ to_lyot.T
            fields.append(self._to_image @ (lyot * self._stop) @ self._to_image.T)
        return fields

    def image(self, x_lod: float, y_lod: float) -> Array:
        """The image [y, x] of one source."""
        return self.images(self.columns([x_lod]), y_lod)[0]

    def field(self, x_lod: float, y_lod: float) -> Array:
        """The field of one source's image [part, y, x]; the sum of the parts' squares is the image."""
        return np.concatenate(self._fields(self.columns([x_lod]), self._rows(y_lod)))


def waves(u: NDArray[np.float64], points_lod: Array) -> NDArray[np.float64]:
    """Cosines above sines of the pupil's half axis against points of a focal plane [2 len(u), points]."""
    phase = 2 * np.pi * u[:, None] * points_lod[None, :]
    return np.concatenate([np.cos(phase), np.sin(phase)])
