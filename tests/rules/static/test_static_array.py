"""static-array: realistic faults in the spellings people use, and what only looks like one."""

import pytest

from rules.static.findings_in import findings_in, said

RUN = """
        @functools.partial(jax.jit, static_argnums=1)
        def run(x, n):
            return x
"""

FAULTS = {
    "an array": RUN + "        run(1.0, jnp.ones(3))\n",
    "a scalar array": RUN + "        run(1.0, jnp.int32(3))\n",
    "a NumPy array": RUN + "        run(1.0, np.array([1, 2]))\n",
    "by keyword and name": RUN + "        weights = jnp.linspace(0, 1, 3)\n        run(1.0, n=weights)\n",
    "elements of an array": RUN + "        for n in jnp.arange(3):\n            run(1.0, n)\n",
    "a result": RUN + "        k = jnp.argmax(jnp.ones(3))\n        run(1.0, k)\n",
    "an item": RUN + "        sizes = jnp.array([1, 2])\n        run(1.0, sizes[0])\n",
    "a key": RUN + "        run(1.0, jax.random.key(0))\n",
    "through a caller": RUN
    + """
        def go(x, n):
            return run(x, n)
        go(1.0, jnp.zeros(3))
        """,
    "a static field of a struct": """
        from flax import struct
        @struct.dataclass
        class Detector:
            gain: jax.Array
            dark: np.ndarray = struct.field(pytree_node=False)
        """,
    "a static field of a module": """
        import equinox as eqx
        class Basis(eqx.Module):
            w: jax.Array
            nodes: jax.Array = eqx.field(static=True)
        """,
    "a jaxtyping annotation": """
        import equinox as eqx
        from jaxtyping import Array, Float
        class Basis(eqx.Module):
            w: Float[Array, "n"]
            nodes: Float[Array, "m"] = eqx.field(static=True)
        """,
    "a static field that gets an array": """
        from flax import struct
        from typing import Any
        @struct.dataclass
        class Detector:
            gain: jax.Array
            dark: Any = struct.field(pytree_node=False)
        d = Detector(gain=jnp.ones(()), dark=np.zeros((4, 4)))
        """,
    "meta fields": """
        import dataclasses
        @functools.partial(jax.tree_util.register_dataclass, data_fields=["a"], meta_fields=["mask"])
        @dataclasses.dataclass
        class Data:
            a: jax.Array
            mask: jax.Array
        """,
    "auxiliary data": """
        @jax.tree_util.register_pytree_node_class
        class Data:
            def __init__(self, a, mask):
                self.a = a
                self.mask = mask
            def tree_flatten(self):
                return (self.a,), (self.mask,)
            @classmethod
            def tree_unflatten(cls, aux, children):
                return cls(*children, *aux)
        d = Data(jnp.ones(3), np.ones(3))
        """,
    "auxiliary data of a class that makes itself": """
        @jax.tree_util.register_pytree_node_class
        class Band:
            def __init__(self, grid, flux):
                self.grid = grid
                self.flux = flux
            def tree_flatten(self):
                return (self.flux,), (self.grid,)
            @classmethod
            def tree_unflatten(cls, aux, children):
                return cls(aux[0], *children)
            @classmethod
            def gaussian(cls, centre):
                grid = np.linspace(centre - 1.0, centre + 1.0, 9)
                return cls(grid, jnp.exp(-grid**2))
        bands = [Band.gaussian(c) for c in (1.0, 2.0)]
        """,
    "metadata static": """
        import dataclasses
        @jax.tree_util.register_dataclass
        @dataclasses.dataclass
        class Data:
            a: jax.Array
            mask: np.ndarray = dataclasses.field(metadata=dict(static=True))
        """,
}


@pytest.mark.parametrize("source", FAULTS.values(), ids=FAULTS)
def test_it_is_certain_of(source):
    found = findings_in("static-array", source)
    assert len(found) == 1, said(found)
    assert found[0].confidence >= 0.8, said(found)


FINE = {
    "a number": RUN + "        run(1.0, 3)\n",
    "a NumPy scalar": RUN + "        run(1.0, np.int64(3))\n        run(1.0, np.prod((2, 3)))\n",
    "a shape": RUN + "        run(1.0, jnp.ones(3).shape[0])\n",
    "made a Python number": RUN
    + "        run(1.0, int(jnp.argmax(jnp.ones(3))))\n        run(1.0, jnp.ones(()).item())\n",
    "traced": """
        @jax.jit
        def run(x, n):
            return x
        run(1.0, jnp.ones(3))
        """,
    "a normal field": """
        import equinox as eqx
        class Basis(eqx.Module):
            w: jax.Array
            nodes: jax.Array
            n: int = eqx.field(static=True)
        Basis(jnp.ones(3), jnp.ones(3), 3)
        """,
    "a tuple": """
        from flax import struct
        @struct.dataclass
        class Grid:
            shape: tuple[int, ...] = struct.field(pytree_node=False)
        Grid((1, 2))
        """,
}


@pytest.mark.parametrize("source", FINE.values(), ids=FINE)
def test_it_says_nothing_of(source):
    assert not said(findings_in("static-array", source))
