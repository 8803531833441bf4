"""What every coronagraph answers, whatever form its point spread functions are stored in."""

from abc import abstractmethod

import equinox as eqx
from equinox import AbstractVar
from jax import Array

from jaxaudit_cases.coronagraph.instrument.star_maps import StarMaps


class AbstractCoronagraph(eqx.Module):
    """Images behind a coronagraph, on its own square map of `pixels`, each `pixel_lod` wide.

    Nodes of the point spread functions lie one map pixel apart, `half` to each side of the star.
    """

    pixel_lod: AbstractVar[Array]
    star_maps: AbstractVar[StarMaps]
    sky_transmission: AbstractVar[Array]

    @property
    def pixels(self) -> int:
        """The map's width."""
        return self.sky_transmission.shape[0]

    @property
    def half(self) -> int:
        """Nodes to each side of the star."""
        return self.pixels // 2

    @abstractmethod
    def image(self, quadrants: Array, sampling: Array) -> Array:
        """What the detector sees of node weights [4, half + 1, half + 1], sampled by a matrix [detector, pixels].

        The matrix must be that of a grid around the map's centre: the same from both ends.
        """
