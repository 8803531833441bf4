"""More shapes of programs that capture arrays: objects, options, several jits, files; each change is really run."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from rules.captures.hoisted_programs import all_hold, kinds, proposed

BIG = "jax.random.normal(jax.random.key(0), (200, 200))"

PROGRAMS: dict[str, tuple[str | dict[str, str], list[str]]] = {
    "parameters that a library reads": (
        """
        import flax.linen as nn


        class Net(nn.Module):
            @nn.compact
            def __call__(self, x):
                return nn.Dense(20)(nn.Dense(300)(x))


        def build():
            net = Net()
            params = net.init(jax.random.key(0), jnp.zeros((1, 300)))
            return net, params


        def main():
            net, params = build()

            @jax.jit
            def score(x):
                return net.apply(params, x).sum()

            for k in range(3):
                print(float(score(jnp.ones((2, 300)) * k)))


        main()
        """,
        ["signature", "partial", "signature"],
    ),
    "a partial below a gradient": (
        f"""
        def misfit(matrix, weights):
            return jnp.sum((matrix @ weights) ** 2)


        def main():
            matrix = {BIG}
            gradient = jax.jit(jax.grad(functools.partial(misfit, matrix)))
            weights = jnp.ones(200)
            for _ in range(3):
                weights = weights - 1e-4 * gradient(weights)
            print(float(weights.sum()))


        main()
        """,
        ["signature"],
    ),
    "module inside a plain object, through its own method": (
        f"""
        class Optics(eqx.Module):
            matrix: jax.Array

            def apply(self, x):
                return self.matrix @ x


        class Instrument:
            def __init__(self):
                self.optics = Optics({BIG})
                self.exposure = 2.0


        def simulate(instrument, xs):
            @eqx.filter_jit
            def expose(x):
                return instrument.exposure * instrument.optics.apply(x)

            return [expose(x) for x in xs]


        print([float(image.sum()) for image in simulate(Instrument(), [jnp.ones(200), jnp.zeros(200)])])
        """,
        ["signature", "partial"],
    ),
    "step inside a method, called there": (
        f"""
        class Solver:
            def __init__(self):
                self.matrix = {BIG}
                self.turns = 3

            def solve(self, x):
                @jax.jit
                def step(x):
                    return jnp.tanh(self.matrix @ x) / self.turns

                for _ in range(self.turns):
                    x = step(x)
                return x


        print(float(Solver().solve(jnp.ones(200)).sum()))
        """,
        ["signature", "partial"],
    ),
    "closure over self of a module, through its own method": (
        f"""
        class Model(eqx.Module):
            matrix: jax.Array
            power: int = eqx.field(static=True)

            def predict(self, p):
                return (self.matrix @ p) ** self.power

            def fit(self, p, data):
                def loss(p):
                    return jnp.mean((self.predict(p) - data) ** 2)

                gradient = jax.jit(jax.grad(loss))
                for _ in range(3):
                    p = p - 1e-4 * gradient(p)
                return p


        print(float(Model({BIG}, 2).fit(jnp.ones(200), jnp.zeros(200)).sum()))
        """,
        ["signature", "partial"],
    ),
    "two jits share a helper": (
        f"""
        TABLE = {BIG}


        def forward(x):
            return TABLE @ x


        @jax.jit
        def loss(x):
            return jnp.sum(forward(x) ** 2)


        @jax.jit
        def slope(x):
            return jax.grad(lambda y: jnp.sum(forward(y)))(x)


        print(float(loss(jnp.ones(200))), float(slope(jnp.ones(200)).sum()))
        """,
        ["signature", "wrapper", "signature", "wrapper"],
    ),
    "jitted function that another jitted one calls": (
        f"""
        TABLE = {BIG}


        @jax.jit
        def forward(x):
            return jnp.tanh(TABLE @ x)


        def helper(x):
            return forward(x) * 2


        @jax.jit
        def step(x):
            return x - 0.1 * helper(x)


        x = step(jnp.ones(200))
        print(float(x.sum()), float(forward(x).sum()))
        """,
        ["signature", "wrapper"],
    ),
    "tuple of arrays": (
        f"""
        def main():
            grids = ({BIG}, jnp.ones((200, 200)))

            @functools.partial(jax.jit, static_argnames=("power",), donate_argnums=(0,))
            def step(x, *, power=1):
                a, b = grids
                return (a @ x + b @ x) ** power / 100

            x = step(jnp.ones(200))
            print(float(step(x, power=2).sum()))


        main()
        """,
        ["signature", "partial"],
    ),
    "data of a fit, loss at the top": (
        {
            "fit.py": f"""
                import jax
                import jax.numpy as jnp

                X = {BIG}
                y = jnp.arange(200.0)


                def predict(w):
                    return X @ w


                def loss(w):
                    return jnp.mean((predict(w) - y) ** 2)


                @jax.jit
                def update(w, rate):
                    value, gradient = jax.value_and_grad(loss)(w)
                    return w - rate * gradient, value


                def fit(w, turns=3):
                    for _ in range(turns):
                        w, value = update(w, 1e-4)
                    return w, value
                """,
            "main.py": """
                import jax.numpy as jnp

                import fit as fitting

                w, value = fitting.fit(jnp.zeros(200))
                print(float(w.sum()), float(value))
                print(float(fitting.loss(w)))
                """,
        },
        ["signature", "wrapper"],
    ),
    "stars and keywords": (
        f"""
        TABLE = {BIG}


        @jax.jit
        def mix(first, /, *rest, scale=1.0, **more):
            total = sum(rest, first) + sum(more.values())
            return TABLE @ total * scale


        x = jnp.ones(200)
        print(float(mix(x).sum()), float(mix(x, x, x, scale=2.0).sum()), float(mix(x, *[x, x], extra=x).sum()))
        """,
        ["signature", "partial"],
    ),
    "jitted call in a table, made where it is used": (
        f"""
        table = {BIG}


        def double(x):
            return 2 * (table @ x)


        steps = {{"double": jax.jit(double)}}
        print(float(steps["double"](jnp.ones(200)).sum()), float(jax.jit(double)(jnp.zeros(200)).sum()))
        """,
        ["partial"],
    ),
    "helper in another module under an alias, relative": (
        {
            "optics/__init__.py": "",
            "optics/tables.py": f"import jax\n\nPSF = {BIG}\n",
            "optics/core.py": """
                from .tables import PSF


                def blur(image):
                    return PSF @ image
                """,
            "optics/camera.py": """
                import jax

                from . import core


                @jax.jit
                def expose(image):
                    return core.blur(image) + 1.0
                """,
            "main.py": """
                import jax.numpy as jnp

                from optics import camera

                print(float(camera.expose(jnp.ones(200)).sum()))
                """,
        },
        ["signature", "wrapper"],
    ),
    "object handed to a helper that reads its array": (
        f"""
        class Telescope(eqx.Module):
            psf: jax.Array
            gain: float


        def blur(telescope, image):
            return telescope.psf @ image * telescope.gain


        def main():
            telescope = Telescope({BIG}, 2.0)

            @jax.jit
            def frame(image):
                return blur(telescope, image)

            print(float(frame(jnp.ones(200)).sum()))


        main()
        """,
        ["signature", "partial"],
    ),
    "bound method of an object, jitted outside": (
        f"""
        class Filter:
            def __init__(self):
                self.kernel = {BIG}

            def apply(self, x):
                return self.kernel @ x


        smooth = Filter()
        fast = jax.jit(smooth.apply)
        print(float(fast(jnp.ones(200)).sum()))
        """,
        ["partial"],
    ),
    "array of a loader, closed over by a lambda with a helper": (
        """
        def load(path):
            np.save(path, np.random.default_rng(0).standard_normal((200, 200)).astype(np.float32))
            return np.load(path)


        def main():
            cube = load("cube.npy")

            def project(x):
                return jnp.dot(cube, x)

            fast = jax.jit(lambda x, n: project(x) * n, static_argnums=1)
            print(float(fast(jnp.ones(200), 2).sum()))


        main()
        """,
        ["signature", "partial"],
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_way_leaves_what_is_printed_and_takes_the_constants_away(name: str, tmp_path: Path) -> None:
    code, ways = PROGRAMS[name]
    if "import flax" in code and find_spec("flax") is None:
        pytest.skip("flax is not installed")
    tried = proposed(tmp_path, code)
    told = [(one.title, one.text) for one in tried.refused]
    assert kinds([one.title for one in tried.edits]) == ways, told
    all_hold(tmp_path, tried)
