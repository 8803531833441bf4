"""What a call calls: names, partial, decorators, transformations, methods, factories, attributes, other modules."""

import pytest

from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.provenance import roots
from programs import bound, function, program_of


@pytest.mark.parametrize(
    "code",
    [
        "@jax.jit\ndef step(x): return x\nstep(1.0)",
        "from jax import jit as J\n@J\ndef step(x): return x\nstep(1.0)",
        "def step(x): return x\nrun = jax.jit(step)\nrun(1.0)",
        "def step(x): return x\njax.jit(step)(1.0)",
        "@functools.partial(jax.jit, static_argnums=())\ndef step(x): return x\nstep(1.0)",
        "@jax.jit(inline=True)\ndef step(x): return x\nstep(1.0)",
        "fast = functools.partial(jax.jit, donate_argnums=())\n@fast\ndef step(x): return x\nstep(1.0)",
        "def step(n, x): return x\nrun = jax.jit(functools.partial(step, 3))\nrun(1.0)",
        "def make():\n    @jax.jit\n    def step(x): return x\n    return step\nmake()(1.0)",
        "def make():\n    def step(x): return x\n    return jax.jit(step)\nrun = make()\nrun(1.0)",
        "class T:\n    def __init__(self):\n        self.run = jax.jit(self.step)\n    def step(self, x): return x\nT().run(1.0)",
        "class T:\n    @functools.partial(jax.jit, static_argnums=0)\n    def step(self, x): return x\nT().step(1.0)",
        "def step(x): return x\ntable = {'a': jax.jit(step)}\ntable['a'](1.0)",
        "def step(x): return x\nfor f in [jax.jit(step)]:\n    f(1.0)",
        "def step(x): return x\njax.jit(jax.vmap(jax.grad(step)))(1.0)",
        "def step(x): return x\ndef call(f, x): return f(x)\ncall(jax.jit(step), 1.0)",
        "import equinox as eqx\n@eqx.filter_jit\ndef step(x): return x\nstep(1.0)",
        "from flax import nnx\n@nnx.jit\ndef step(x): return x\nstep(1.0)",
    ],
)
def test_a_call_through_jit_reaches_the_function(code: str) -> None:
    program = program_of(code)
    step = next(f for m in program.by_path.values() for f in m.functions if f.name == "step")
    edges = program.graph.callers(step)
    assert edges, "no caller found"
    assert any(use.spec.kind == "jit" for use in edges[-1].target.chain)


def test_names_reach_through_modules_and_re_exports() -> None:
    program = program_of(
        {
            "pkg/__init__.py": "from .physics import rate as photon_rate\n",
            "pkg/physics.py": "import jax\n\n\ndef rate(x):\n    return x\n",
            "pkg/run.py": "import jax\nimport pkg\n\nstep = jax.jit(pkg.photon_rate)\nstep(1.0)\n",
            "pkg/other.py": "from pkg.run import step as go\n\ngo(2.0)\n",
        }
    )
    callers = {e.caller.module.name for e in program.graph.callers(function(program, "rate"))}
    assert callers == {"pkg.run", "pkg.other"}


def test_a_fallback_import_means_its_first_choice() -> None:
    program = program_of(
        """
        try:
            import jax.numpy as xp
        except ImportError:
            import numpy as xp
        y = xp.zeros(3)
        """,
        head=False,
    )
    call = bound(program, "y")
    assert isinstance(call, v.Call)
    assert c.known_name(program, call.func) == "jax.numpy.zeros"


def test_arguments_are_bound_through_partial_and_self() -> None:
    program = program_of("""
        class Solver:
            def step(self, x, *, dt, n=3):
                return x

        solver = Solver()
        step = functools.partial(solver.step, dt=0.1)
        step(jnp.ones(2))
        """)
    (edge,) = program.graph.callers(function(program, "Solver.step"))
    arguments = bind(edge.call, edge.target)
    assert set(arguments) == {"self", "x", "dt"}


def test_attributes_come_from_init_fields_and_makers() -> None:
    program = program_of("""
        import equinox as eqx

        class Telescope(eqx.Module):
            psf: jax.Array
            name: str

        class Path:
            def __init__(self, telescope):
                self.telescope = telescope

        path = Path(Telescope(jnp.ones((8, 8)), "t"))
        cube = path.telescope.psf
        """)
    (root,) = roots(program, bound(program, "cube"))
    assert repr(root).startswith("jax.numpy.ones")
