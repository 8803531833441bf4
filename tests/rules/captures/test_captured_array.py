"""Arrays that jitted functions take from around them, in the ways in which people write it."""

import pytest

from rules.programs_of_rules import found, lines

FAULTS = {
    "global under a decorator": (
        """
        TABLE = jnp.ones((1000, 1000))

        @jax.jit
        def f(x):
            return TABLE @ x
        """,
        6, "TABLE",
    ),
    "lambda in a function": (
        """
        def main():
            data = jax.random.normal(jax.random.key(0), (100_000, 20))
            loss = jax.jit(lambda w: jnp.mean((data @ w) ** 2))
            return loss(jnp.ones(20))
        """,
        4, "data",
    ),
    "factory whose argument holds arrays": (
        """
        class Cube(eqx.Module):
            psfs: jax.Array
            def __init__(self, n):
                self.psfs = jnp.zeros((n, n, 64, 64))

        class Path(eqx.Module):
            cube: Cube
            def image(self, w):
                return jnp.einsum("ij,ijxy->xy", w, self.cube.psfs)

        def make_step(path):
            @eqx.filter_jit
            def step(w):
                return path.image(w).sum()
            return step

        step = make_step(Path(Cube(33)))
        """,
        15, "path.cube.psfs",
    ),
    "dataclass that is no pytree": (
        """
        from dataclasses import dataclass

        @dataclass
        class Survey:
            mask: np.ndarray
            def select(self, x):
                return jnp.where(self.mask, x, 0.0)

        survey = Survey(np.ones((3000, 1000), np.float32))
        f = jax.jit(lambda x: survey.select(x))
        """,
        11, "survey.mask",
    ),
    "dict and tuple": (
        """
        tables = {"a": jnp.zeros((1000, 1000)), "n": 3}
        f = jax.jit(lambda x: tables["a"] @ x + tables["n"])
        """,
        3, "tables['a']",
    ),
    "list of layers": (
        """
        layers = [jax.random.normal(jax.random.key(i), (800, 800)) for i in range(4)]

        @jax.jit
        def net(x):
            for w in layers:
                x = jnp.tanh(w @ x)
            return x
        """,
        6, "9.8 MiB",
    ),
    "partial under jit": (
        """
        big = jnp.ones((1000, 1000))

        def f(t, x):
            return t @ x

        g = jax.jit(partial(f, big))
        """,
        7, "big",
    ),
    "default of a parameter": (
        """
        big = jnp.ones((1000, 1000))

        @jax.jit
        def f(x, table=big):
            return table @ x

        y = f(jnp.ones(1000))
        """,
        5, "big",
    ),
    "helper in a scan": (
        """
        weights = np.random.default_rng(1).standard_normal((1500, 1500)).astype("float32")

        def apply(x):
            return jnp.dot(weights, x)

        @jax.jit
        def run(x):
            return jax.lax.scan(lambda c, _: (apply(c), None), x, None, length=3)[0]
        """,
        5, "weights",
    ),
    "file": (
        """
        cube = np.load("cube.npy")

        @jax.jit
        def f(w):
            return jnp.tensordot(w, cube, axes=1)
        """,
        6, "load",
    ),
    "several that are large together": (
        """
        a = jnp.ones((400, 1000))
        b = jnp.ones((400, 1000))

        @jax.jit
        def f(x):
            return (a + b) * x
        """,
        7, "3.1 MiB in all",
    ),
    "array of the class": (
        """
        class Physics:
            TABLE = jnp.ones((1000, 1000))

            @staticmethod
            @jax.jit
            def look(x):
                return Physics.TABLE @ x
        """,
        8, "Physics.TABLE",
    ),
    "loss of a nested transformation": (
        """
        images = jnp.zeros((6000, 28, 28))

        @eqx.filter_jit
        def step(model, index):
            @eqx.filter_value_and_grad
            def loss(model):
                return jnp.mean(jax.vmap(model)(images[index]))
            return loss(model)
        """,
        8, "images",
    ),
    "pmap": ("T = jnp.ones((1000, 1000))\nf = jax.pmap(lambda x: T @ x)\n", 2, "T"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_it_names_the_array_where_it_is_read(name):
    code, line, word = FAULTS[name]
    findings = found("captured-array", code, at_least=0.8)
    assert lines(findings) == [line]
    assert word in findings[0].message


@pytest.mark.parametrize("wrapped", ["{}", "freeze({})", "replicate({})"])
def test_parameters_of_a_network_are_arrays_whatever_wraps_their_tree(wrapped):
    code = f"""
        from flax.core import freeze
        from flax.jax_utils import replicate

        def main(model):
            params = {wrapped.format("model.init(jax.random.key(0), jnp.ones((1, 64)))")}
            predict = jax.jit(lambda x: model.apply(params, x))
            return predict(jnp.ones((8, 64)))
        """
    findings = found("captured-array", code)
    assert lines(findings) == [7]
    assert "`params`" in findings[0].message


ALLOWED = {
    "an argument": "@jax.jit\ndef f(x, table):\n    return table @ x\ny = f(jnp.ones(9), jnp.ones((9999, 9)))\n",
    "only its shape": "T = jnp.ones((1000, 1000))\nf = jax.jit(lambda x: x + jnp.zeros(T.shape) + T.shape[0])\n",
    "made inside": "@jax.jit\ndef f(x):\n    t = jnp.ones((1000, 1000))\n    g = lambda y: t @ y\n    return g(x)\n",
    "NumPy's own work on it": "T = np.ones((3000, 1000))\nf = jax.jit(lambda x: x * np.mean(T) * float(T.max()))\n",
    "small": "T = jnp.arange(5)\nS = np.float32(2)\nf = jax.jit(lambda x: S * x[T])\n",
    "eager": "T = jnp.ones((1000, 1000))\ng = jax.grad(lambda x: (T @ x).sum())(jnp.ones(1000))\n",
    "eager scan": "T = jnp.ones((999, 999))\ny = jax.lax.scan(lambda c, _: (T @ c, None), jnp.ones(999), None, 3)\n",
    "bound outside": "T = jnp.ones((999, 999))\n@jax.jit\ndef f(t, x):\n    return t @ x\ng = partial(f, T)\n",
    "a pytree of filter_jit": """
        class Layer(eqx.Module):
            weight: jax.Array
            def apply(self, x):
                return self.weight @ x
        layer = Layer(jnp.ones((1000, 1000)))
        f = eqx.filter_jit(layer.apply)
        """,
    "a setting of an object with arrays": """
        class Config:
            def __init__(self):
                self.table = jnp.ones((1000, 1000))
                self.n = 3
        config = Config()
        f = jax.jit(lambda x: x * config.n)
        """,
}


@pytest.mark.parametrize("name", ALLOWED)
def test_it_is_silent_on_what_is_no_capture(name):
    assert not [one.message for one in found("captured-array", ALLOWED[name])]


def test_an_array_of_another_module_reexported():
    findings = found(
        "captured-array",
        {
            "project/__init__.py": "",
            "project/tables/__init__.py": "from project.tables.psf import PSF\n",
            "project/tables/psf.py": "import jax.numpy as jnp\nPSF = jnp.ones((1000, 1000))\n",
            "project/main.py": "import jax\nfrom project.tables import PSF\n\n@jax.jit\ndef f(x):\n    return PSF @ x\n",
        },
    )
    [one] = findings
    assert one.place.path.endswith("main.py")
    assert one.place.line == 6
    assert any(note.place.path.endswith("psf.py") for note in one.notes)


def test_an_unknown_size_is_a_suspicion():
    [one] = found(
        "captured-array",
        """
        def fit(n):
            data = jnp.ones((n, 100))
            return jax.jit(lambda w: data @ w)
        """,
    )
    assert one.confidence < 0.8
    assert one.needs == ("constants",)
    assert "bytes" not in one.facts


def test_a_small_one_carries_its_bytes_for_the_budget():
    [one] = found("captured-array", "T = jnp.ones((100, 100))\nf = jax.jit(lambda x: T @ x)\n")
    assert one.facts["bytes"] == 40_000


def test_work_on_a_constant_alone_is_told_whatever_the_budget():
    [one] = found(
        "captured-array",
        """
        table = np.random.default_rng(0).normal(size=(50_000, 4)).astype(np.float32)

        @jax.jit
        def rank(x):
            order = jnp.sort(table, axis=0)
            return jnp.searchsorted(order[:, 0], x)
        """,
    )
    assert "jnp.sort" in one.message
    assert "bytes" not in one.facts
    assert one.facts["captured_bytes"] == 800_000


def test_work_on_a_default_is_constant_work_too():
    told = found(
        "captured-array",
        """
        psf = jnp.asarray(np.random.default_rng(0).random((720, 720)), jnp.float32)
        def blur(image, kernel=psf):
            return jnp.fft.irfft2(jnp.fft.rfft2(image, kernel.shape) * jnp.fft.rfft2(kernel))
        fast_blur = jax.jit(blur)
        fast_blur(jnp.ones((64, 64)))
        """,
    )
    assert any("`jnp.fft.rfft2(kernel)`" in one.message and "the default of `kernel`" in one.message for one in told)
