"""What the coronagraph case can be asked for: sizes and variants. Imports nothing heavy, for `--help` reads it."""

from dataclasses import dataclass, field

SIZES = {"small": 64, "mid": 128, "medium": 180, "large": 256}
"""The width of the images in pixels."""

FORMS = ("cube", "factored")
"""How the coronagraph keeps its point spread functions: as they come, or by their factors."""

SIMPLIFIED = "jax_use_simplified_jaxpr_constants"
"""The setting of JAX's under which captured arrays become hidden arguments of the executable."""


@dataclass(frozen=True)
class Variant:
    """One way to write the same program: a row of the table.

    `title` is what the table calls it. It needs `cubes` times the cube of memory beside the inputs. `form`, if any, is
    the form of the coronagraph that it always has; the others take the one that is asked for.
    """

    name: str
    title: str
    about: str
    cubes: float = 0.2
    form: str = ""
    environment: dict[str, str] = field(default_factory=dict)


VARIANTS = {
    variant.name: variant
    for variant in (
        Variant("closed-over", "closed over", "the jitted function closes over the optical path", cubes=4.5),
        Variant("as-argument", "as argument", "the optical path is an argument of the jitted function"),
        Variant(
            "simplified",
            "closed over, simpl.",
            f"closes over it, under {SIMPLIFIED.upper()}: JAX hands constants in as hidden arguments",
            environment={SIMPLIFIED.upper(): "true"},
        ),
        Variant(
            "folded",
            "folded",
            "an argument, but the rates of star and disk are computed once and closed over on purpose, which a scene"
            " allows in which only planets move; they still take the whole product",
        ),
        Variant(
            "factored",
            "argument, factored",
            "an argument, with the cube's factors in its place",
            form="factored",
        ),
    )
}


def cube_bytes(pixels: int) -> int:
    """The size of a quarter cube of point spread functions in float32."""
    nodes = pixels // 2 + 1
    return nodes**2 * pixels**2 * 4
