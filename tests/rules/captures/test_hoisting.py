"""Captured arrays become arguments: many shapes of program, each run before and after every change that is proposed."""

from pathlib import Path

import pytest

from rules.captures.hoisted_programs import all_hold, kinds, proposed

BIG = "jax.random.normal(jax.random.key(0), (200, 200))"

PROGRAMS: dict[str, tuple[str | dict[str, str], list[str]]] = {
    "decorated, module-global": (
        f"""
        TRANSFER = {BIG}


        @jax.jit
        def propagate(field):
            return jnp.tanh(TRANSFER @ field)


        print(float(propagate(jnp.ones(200)).sum()))
        print(float(propagate(field=jnp.zeros(200)).sum()))
        """,
        ["signature", "wrapper"],
    ),
    "closure in main, called there": (
        f"""
        def main():
            table = {BIG}

            @jax.jit
            def step(x, n=2):
                def inner(y):
                    return table @ y

                return inner(x) * n

            x = jnp.ones(200)
            for _ in range(3):
                x = step(x) / 10
            print(float(step(x, n=3).sum()))


        if __name__ == "__main__":
            main()
        """,
        ["signature", "partial"],
    ),
    "factory that returns its step": (
        f"""
        def make_step(kernel, rate):
            @jax.jit
            def step(state):
                return state - rate * (kernel @ state)

            return step


        step = make_step({BIG}, 0.01)
        state = jnp.ones(200)
        for _ in range(4):
            state = step(state)
        print(float(state.sum()))
        """,
        ["partial"],
    ),
    "jit by call, of a def": (
        f"""
        def main():
            data = {BIG}

            def loss(w):
                return jnp.mean((data @ w) ** 2)

            gradient = jax.jit(jax.grad(loss))
            value_and_grad = jax.jit(jax.value_and_grad(loss))
            w = jnp.ones(200)
            for _ in range(3):
                w = w - 0.1 * gradient(w)
            print(float(w.sum()), float(value_and_grad(w)[0]), float(loss(w)))


        main()
        """,
        ["signature", "partial"],
    ),
    "jit(grad) returned": (
        f"""
        def make(data):
            def loss(w):
                return jnp.mean((data @ w) ** 2)

            return jax.jit(jax.grad(loss))


        gradient = make({BIG})
        w = jnp.ones(200)
        for _ in range(3):
            w = w - 0.1 * gradient(w)
        print(float(w.sum()))
        """,
        ["partial"],
    ),
    "lambda": (
        f"""
        basis = {BIG}
        project = jax.jit(lambda w: basis @ w)
        print(float(project(jnp.ones(200)).sum()))
        """,
        ["signature", "partial"],
    ),
    "table read by helpers two calls down": (
        f"""
        TABLE = {BIG}


        def look_up(x):
            return TABLE @ x


        def forward(x):
            return jnp.tanh(look_up(x))


        @jax.jit
        def step(x):
            return x - 0.1 * jax.grad(lambda y: jnp.sum(forward(y) ** 2))(x)


        x = step(jnp.ones(200))
        print(float(x.sum()), float(forward(x).sum()))
        """,
        ["signature", "wrapper"],
    ),
    "table in another module": (
        {
            "physics.py": f"""
                import jax
                import jax.numpy as jnp

                TABLE = {BIG}


                def forward(x):
                    return TABLE @ x
                """,
            "main.py": """
                import jax
                import jax.numpy as jnp

                from physics import forward


                @jax.jit
                def step(x):
                    return jnp.tanh(forward(x))


                print(float(step(jnp.ones(200)).sum()))
                """,
        },
        ["signature", "wrapper"],
    ),
    "module attribute": (
        {
            "tables.py": f"""
                import jax

                PSF = {BIG}
                OFFSET = 3.0
                """,
            "main.py": """
                import jax
                import jax.numpy as jnp

                import tables


                @jax.jit
                def image(x):
                    return tables.PSF @ x + tables.OFFSET


                print(float(image(jnp.ones(200)).sum()))
                """,
        },
        ["signature", "wrapper"],
    ),
    "callers in another file": (
        {
            "model.py": f"""
                import jax
                import jax.numpy as jnp

                WEIGHTS = {BIG}


                @jax.jit
                def predict(x):
                    return jnp.tanh(WEIGHTS @ x)
                """,
            "main.py": """
                import jax.numpy as jnp

                import model
                from model import predict


                def total(x):
                    return predict(x).sum()


                print(float(total(jnp.ones(200))), float(model.predict(jnp.zeros(200)).sum()))
                """,
        },
        ["signature", "wrapper"],
    ),
    "several holders": (
        f"""
        def main():
            modes = {BIG}
            pupil = jnp.ones((200, 200)) / 7
            small = jnp.arange(200.0)

            @jax.jit
            def image(c, *, gain=1.0):
                return gain * (modes @ c + pupil @ c) + small

            print(float(image(jnp.ones(200)).sum()), float(image(jnp.ones(200), gain=2.0).sum()))


        main()
        """,
        ["signature", "partial"],
    ),
    "eqx.Module under jax.jit, factory": (
        """
        class Telescope(eqx.Module):
            modes: jax.Array
            name: str = eqx.field(static=True)

            def image(self, c):
                return jnp.tanh(self.modes @ c)


        def make_step(telescope):
            @jax.jit
            def step(c, data):
                def misfit(c):
                    return jnp.sum((telescope.image(c) - data) ** 2)

                value, gradient = jax.value_and_grad(misfit)(c)
                return c - 0.001 * gradient, value

            return step


        def fit(step, c, data):
            for _ in range(3):
                c, value = step(c, data)
            return value


        telescope = Telescope(jax.random.normal(jax.random.key(0), (200, 200)), "t")
        print(float(fit(make_step(telescope), jnp.zeros(200), jnp.ones(200))))
        """,
        ["partial"],
    ),
    "eqx.filter_jit inside main": (
        """
        class Coronagraph(eqx.Module):
            psf_cube: jax.Array
            label: str


        class OpticalPath(eqx.Module):
            coronagraph: Coronagraph
            diameter: float

            def render(self, flux):
                return jnp.einsum("kxy,k->xy", self.coronagraph.psf_cube, flux) * self.diameter


        def main():
            optical_path = OpticalPath(Coronagraph(jax.random.normal(jax.random.key(0), (20, 50, 50)), "vortex"), 6.0)

            @eqx.filter_jit
            def simulate_frame(flux):
                return optical_path.render(flux)

            frame = simulate_frame(jnp.ones(20))
            print(float(frame.sum()), float(simulate_frame(jnp.zeros(20)).sum()))


        main()
        """,
        ["signature", "partial"],
    ),
    "module with a callable field under jax.jit": (
        """
        def main():
            mlp = eqx.nn.MLP(20, 3, 300, 2, key=jax.random.key(0))

            @jax.jit
            def predict(x):
                return jax.vmap(mlp)(x)

            print(float(predict(jnp.ones((4, 20))).sum()))


        main()
        """,
        ["signature", "partial"],
    ),
    "scan body": (
        f"""
        def simulate(x0):
            weights = {BIG} / 20

            def body(carry, t):
                return jnp.tanh(weights @ carry) + t, carry.sum()

            @jax.jit
            def run(x):
                return jax.lax.scan(body, x, jnp.arange(4.0))

            return run(x0)


        final, sums = simulate(jnp.ones(200))
        print(float(final.sum()), float(sums.sum()))
        """,
        ["signature", "partial"],
    ),
    "lax.cond and fori_loop inside": (
        f"""
        A = {BIG} / 20


        @functools.partial(jax.jit, static_argnums=(1,), donate_argnums=0)
        def evolve(x, n):
            def turn(i, x):
                return jax.lax.cond(i % 2 == 0, lambda x: A @ x, lambda x: A.T @ x, x)

            return jax.lax.fori_loop(0, n, turn, x)


        print(float(evolve(jnp.ones(200), 3).sum()))
        print(float(evolve(jnp.ones(200), n=4).sum()))
        """,
        ["signature", "wrapper"],
    ),
    "bound method, jitted in __init__": (
        """
        class Simulator:
            def __init__(self, n):
                self.kernel = jax.random.normal(jax.random.key(0), (n, n))
                self.scale = 0.1
                self.step = jax.jit(self._step)

            def _step(self, state):
                return jnp.tanh(self.kernel @ state) * self.scale


        simulator = Simulator(200)
        state = simulator.step(jnp.ones(200))
        print(float(simulator.step(state).sum()))
        """,
        ["partial"],
    ),
    "static self": (
        """
        class Problem:
            def __init__(self, n):
                self.data = jax.random.normal(jax.random.key(0), (n, 100))
                self.power = 2

            @functools.partial(jax.jit, static_argnums=0)
            def loss(
                self,
                weights,
            ):
                \"\"\"The mean of the squares.\"\"\"
                return jnp.mean(self.predict(weights) ** self.power)

            def predict(self, weights):
                return self.data @ weights


        problem = Problem(500)
        print(float(problem.loss(jnp.ones(100))), float(problem.predict(jnp.ones(100)).sum()))
        """,
        ["wrapper"],
    ),
    "closure over self": (
        """
        class Trainer:
            def __init__(self, n):
                self.images = jax.random.normal(jax.random.key(0), (n, 100))

            def make_loss(self):
                def loss(weights):
                    return jnp.mean((self.images @ weights) ** 2)

                return jax.jit(jax.grad(loss))


        gradient = Trainer(500).make_loss()
        print(float(gradient(jnp.ones(100)).sum()))
        """,
        ["partial"],
    ),
    "params of a flax-like apply": (
        """
        class Model:
            def init(self, key):
                return {"params": {"w": jax.random.normal(key, (200, 200)), "b": jnp.zeros(200)}}

            def apply(self, variables, x):
                return variables["params"]["w"] @ x + variables["params"]["b"]


        def main():
            model = Model()
            variables = model.init(jax.random.key(0))
            predict = jax.jit(lambda x: model.apply(variables, x))
            print(float(predict(jnp.ones(200)).sum()))


        main()
        """,
        ["signature", "partial"],
    ),
    "partial before the jit": (
        f"""
        def project(basis, weights):
            return basis @ weights


        basis = {BIG}
        image = jax.jit(functools.partial(project, basis))
        print(float(image(jnp.ones(200)).sum()))
        """,
        ["partial"],
    ),
    "batched before it is jitted": (
        f"""
        def make(table, power):
            def look_up(x, offset):
                return (table @ x + offset) ** power

            return jax.jit(jax.vmap(look_up, in_axes=(0, None)))


        look_up = make({BIG}, 2)
        print(float(look_up(jnp.ones((3, 200)), 1.0).sum()))
        """,
        ["partial"],
    ),
    "array as a default": (
        f"""
        TABLE = {BIG}


        @jax.jit
        def look_up(x, table=TABLE):
            return table @ x


        print(float(look_up(jnp.ones(200)).sum()), float(look_up(jnp.ones(200), table=TABLE.T).sum()))
        """,
        ["partial"],
    ),
    "plain object that holds an array": (
        """
        class Library:
            def __init__(self, n):
                self.psf_cube = jax.random.normal(jax.random.key(0), (n, n))
                self.name = "hst"


        library = Library(200)


        @jax.jit
        def image(x):
            return library.psf_cube @ x


        print(float(image(jnp.ones(200)).sum()), library.name)
        """,
        ["signature", "wrapper"],
    ),
    "dict of arrays and words": (
        """
        def main():
            setup = {"matrix": jax.random.normal(jax.random.key(0), (200, 200)), "name": "grid"}

            @jax.jit
            def apply(x):
                return setup["matrix"] @ x

            print(float(apply(jnp.ones(200)).sum()), setup["name"])


        main()
        """,
        ["signature", "partial", "signature"],
    ),
    "used by vmap and by a test": (
        {
            "camera.py": f"""
                import jax
                import jax.numpy as jnp

                apertures = {BIG}


                @jax.jit
                def image(scene):
                    \"\"\"What the camera sees of a scene.\"\"\"
                    return apertures @ scene
                """,
            "tests/test_camera.py": """
                import camera


                def test_image():
                    assert camera.image(camera.apertures[0]).shape == (200,)
                """,
            "main.py": """
                import jax
                import jax.numpy as jnp

                import camera

                print(float(jax.vmap(camera.image)(jnp.ones((3, 200))).sum()), camera.image.__doc__)
                """,
        },
        ["wrapper"],
    ),
    "package with a door": (
        {
            "optics/__init__.py": "from .core import propagate\n\n__all__ = ['propagate']\n",
            "optics/core.py": f"""
                import jax
                import jax.numpy as jnp

                MATRIX = {BIG}


                @jax.jit
                def propagate(field, power=2):
                    return (MATRIX @ field) ** power
                """,
            "main.py": """
                import jax.numpy as jnp

                import optics

                print(float(optics.propagate(jnp.ones(200)).sum()))
                """,
        },
        ["partial"],
    ),
    "helper that a test calls": (
        {
            "physics.py": f"""
                import jax
                import jax.numpy as jnp

                TABLE = {BIG}


                def forward(x):
                    return TABLE @ x


                @jax.jit
                def step(x):
                    return jnp.tanh(forward(x))
                """,
            "test_physics.py": """
                from physics import forward


                def test_forward():
                    assert forward is not None
                """,
            "main.py": """
                import jax.numpy as jnp

                import physics

                print(float(physics.step(jnp.ones(200)).sum()), float(physics.forward(jnp.ones(200)).sum()))
                """,
        },
        ["signature", "wrapper"],
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_way_leaves_what_is_printed_and_takes_the_constants_away(name: str, tmp_path: Path) -> None:
    code, ways = PROGRAMS[name]
    tried = proposed(tmp_path, code)
    told = [(one.title, one.text) for one in tried.refused]
    assert kinds([one.title for one in tried.edits]) == ways, told
    all_hold(tmp_path, tried)


def test_a_function_that_comes_as_a_value_is_named_with_what_it_reads(tmp_path: Path) -> None:
    """Static under `filter_jit`: the object is an argument, and its library is compiled in all the same."""
    tried = proposed(
        tmp_path,
        """
        import equinox as eqx

        class Telescope(eqx.Module):
            scale: jax.Array
            image: object

        def image_from(library):
            def image(place):
                return library[place] * 2.0
            return image

        @eqx.filter_jit
        def observe(telescope, place):
            return telescope.image(place) * telescope.scale

        telescope = Telescope(jnp.ones(()), image_from(jnp.ones((200, 200))))
        print(float(observe(telescope, jnp.asarray(3)).sum()))
        """,
    )
    assert not tried.edits
    (told,) = [one.text for one in tried.refused]
    assert told.startswith(
        "`library` belongs to `image_from` (main.py:14): a function that reads it comes to `observe`"
    )
    assert "with `library` as a field" in told
