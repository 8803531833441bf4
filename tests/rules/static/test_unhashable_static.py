"""unhashable-static: realistic faults in the spellings people use, and what only looks like one."""

import pytest

from rules.static.findings_in import findings_in, said

RUN = """
        @functools.partial(jax.jit, static_argnames="config")
        def run(x, config):
            return x
"""

FAULTS = {
    "a list": RUN + "        run(1.0, [1, 2])\n",
    "a list by keyword": RUN + "        run(1.0, config=[8, 8])\n",
    "a list by a name": RUN + "        layers = [8, 8]\n        run(1.0, layers)\n",
    "a list joined with another": RUN + "        def main(extra):\n            run(1.0, [16] + extra)\n",
    "an item of a configuration": RUN
    + """
        def main(width):
            config = {"widths": [width] * 3}
            return run(1.0, config["widths"])
        """,
    "a dict": RUN + "        run(1.0, {'a': 1})\n",
    "a dict made by dict": RUN + "        run(1.0, dict(a=1))\n",
    "a set": RUN + "        run(1.0, {1, 2})\n",
    "a comprehension": RUN + "        run(1.0, [i for i in range(3)])\n",
    "a tuple of lists": RUN + "        run(1.0, (1, [2]))\n",
    "a namespace": RUN + "        from types import SimpleNamespace\n        run(1.0, SimpleNamespace(width=3))\n",
    "a ConfigDict": RUN + "        import ml_collections\n        run(1.0, ml_collections.ConfigDict({'width': 3}))\n",
    "the result of a function": RUN
    + """
        def default_config():
            return {"width": 3}
        def main():
            config = default_config()
            return run(1.0, config)
        """,
    "an unfrozen dataclass": RUN
    + """
        from dataclasses import dataclass
        @dataclass
        class Config:
            width: int = 3
        run(1.0, Config())
        """,
    "an unfrozen dataclass through a caller": RUN
    + """
        from dataclasses import dataclass
        @dataclass
        class Config:
            width: int = 3
        def train(x, config: Config):
            return run(x, config)
        train(1.0, Config(4))
        """,
    "a class with __eq__ alone": RUN
    + """
        class Config:
            def __init__(self, width):
                self.width = width
            def __eq__(self, other):
                return self.width == other.width
        run(1.0, Config(3))
        """,
    "self of a dataclass": """
        from dataclasses import dataclass
        @dataclass
        class Model:
            width: int
            @functools.partial(jax.jit, static_argnums=0)
            def __call__(self, x):
                return x * self.width
        """,
    "self of a dataclass, called": """
        from dataclasses import dataclass
        @dataclass
        class Model:
            width: int
            @functools.partial(jax.jit, static_argnames=("self",))
            def apply(self, x):
                return x * self.width
        Model(3).apply(1.0)
        """,
    "self of an Equinox module with arrays": """
        import equinox as eqx
        class Model(eqx.Module):
            w: jax.Array
            @functools.partial(jax.jit, static_argnums=0)
            def __call__(self, x):
                return x * self.w
        """,
    "a struct with arrays": RUN
    + """
        from flax import struct
        @struct.dataclass
        class State:
            w: jax.Array
        run(1.0, State(jnp.ones(3)))
        """,
    "a chex dataclass": RUN
    + """
        import chex
        @chex.dataclass
        class Config:
            width: int = 3
        run(1.0, Config())
        """,
    "parsed arguments": RUN
    + """
        import argparse
        def main():
            parser = argparse.ArgumentParser()
            args = parser.parse_args()
            run(1.0, args)
        """,
    "a loaded configuration": RUN
    + """
        import json
        with open("config.json") as file:
            config = json.load(file)
        run(1.0, config)
        """,
    "asdict": RUN
    + """
        import dataclasses
        @dataclasses.dataclass(frozen=True)
        class Config:
            width: int = 3
        run(1.0, dataclasses.asdict(Config()))
        """,
    "pmap": """
        def f(x, sizes):
            return x
        g = jax.pmap(f, static_broadcasted_argnums=1)
        g(jnp.ones(1), [1])
        """,
    "an attribute that holds a list": RUN
    + """
        class Net:
            def __init__(self, sizes=None):
                self.sizes = [8, 8]
            def forward(self, x):
                return run(x, self.sizes)
        Net().forward(1.0)
        """,
    "tolist": RUN + "        run(1.0, np.arange(3).tolist())\n",
}


@pytest.mark.parametrize("source", FAULTS.values(), ids=FAULTS)
def test_it_is_certain_of(source):
    found = findings_in("unhashable-static", source)
    assert len(found) == 1, said(found)
    assert found[0].confidence >= 0.8, said(found)


def test_it_follows_a_configuration_from_another_module():
    found = findings_in(
        "unhashable-static",
        {
            "config.py": "from dataclasses import dataclass\n\n@dataclass\nclass Settings:\n    bins: int = 3\n",
            "core.py": "import jax\n\ndef fit(x, settings):\n    return x\n\n"
            "fast = jax.jit(fit, static_argnums=(1,))\n",
            "main.py": "from config import Settings\nimport core\n\ncore.fast(1.0, Settings(bins=4))\n",
        },
    )
    assert [(one.facts["parameter"], one.confidence >= 0.8) for one in found] == [("settings", True)], said(found)
    assert {note.place.path.rpartition("/")[2] for note in found[0].notes} == {"config.py", "core.py"}


FINE = {
    "a tuple": RUN + "        run(1.0, (1, 2))\n",
    "a frozen dataclass": RUN
    + """
        from dataclasses import dataclass
        @dataclass(frozen=True)
        class Config:
            width: int = 3
        run(1.0, Config())
        """,
    "eq=False": RUN
    + """
        from dataclasses import dataclass
        @dataclass(eq=False)
        class Config:
            width: int = 3
        run(1.0, Config())
        """,
    "unsafe_hash": RUN
    + """
        from dataclasses import dataclass
        @dataclass(unsafe_hash=True)
        class Config:
            width: int = 3
        run(1.0, Config())
        """,
    "both methods": RUN
    + """
        class Config:
            def __eq__(self, other):
                return True
            def __hash__(self):
                return 1
        run(1.0, Config())
        """,
    "a list that is traced": """
        @jax.jit
        def run(x, params):
            return x
        run(1.0, [1.0, 2.0])
        """,
    "a default list that nobody passes": """
        @functools.partial(jax.jit, static_argnames="sizes")
        def run(x, sizes=[1, 2]):
            return x
        run(1.0)
        """,
    "turned into a tuple": RUN + "        sizes = [1, 2]\n        run(1.0, tuple(sizes))\n",
    "a NamedTuple": RUN
    + """
        from typing import NamedTuple
        class Config(NamedTuple):
            width: int
        run(1.0, Config(3))
        """,
    "a linen module": RUN
    + """
        import flax.linen as nn
        class Net(nn.Module):
            width: int
        run(1.0, Net(3))
        """,
    "an item of a dict made of defaults and more": RUN
    + """
        DEFAULTS = dict(order=3, size=8)
        def settings(**given):
            return {**DEFAULTS, **{k: v for k, v in given.items() if v is not None}}
        run(1.0, settings(order=4)["size"])
        """,
}


@pytest.mark.parametrize("source", FINE.values(), ids=FINE)
def test_it_says_nothing_of(source):
    assert not said(findings_in("unhashable-static", source))
