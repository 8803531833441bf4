"""`silent-downcast` in programs that really ran, whatever they do with warnings."""

import pytest

from rules.really_run import findings_of, said

HEAD = "import warnings\nimport jax\nimport jax.numpy as jnp\nimport numpy as np\n"
FAULTY = {
    "made": "x = jnp.zeros(3, dtype=jnp.float64)  # here\n",
    "cast": "warnings.simplefilter('ignore')\nfor _ in range(4):\n    x = jnp.ones(3).astype('float64')  # here\n",
    "jitted": "@jax.jit\ndef mean(x):\n    return jnp.mean(x, dtype=np.float64)  # here\n\nmean(jnp.ones(3))\n",
    "called": "def load(values, dtype):\n    with warnings.catch_warnings():\n        warnings.simplefilter('ignore')\n"
    "        return jnp.asarray(values, dtype)  # here\n\nload([1.0], np.complex128)\n",
    "whole": "ids = jnp.arange(3, dtype=jnp.int64)  # here\n",
}
FINE = {
    "of_numpy": "x = jnp.asarray(np.linspace(0.0, 1.0, 5))\ny = np.zeros(3, np.float64)\n",
    "widest": "x = jnp.ones(3, dtype=float) + jnp.arange(3, dtype=int)\n",
    "narrow": "x = jnp.zeros(3, jnp.float32).astype(jnp.bfloat16)\nwarnings.warn('of my own: float64 will be truncated')\n",
}
ALL = {name: HEAD + text for group in (FAULTY, FINE) for name, text in group.items()}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return findings_of(tmp_path_factory.mktemp("run"), ("silent-downcast",), ALL)


@pytest.mark.parametrize("name", FAULTY)
def test_what_was_asked_for_and_what_came(found, name):
    (one,) = found[name]
    assert ALL[name].splitlines()[one.place.line - 1].endswith("# here")
    assert one.certain
    assert {"called": "`complex128` and got `complex64`", "whole": "`int64` and got `int32`"}.get(
        name, "`float64` and got `float32`"
    ) in one.message
    assert one.severity == ("info" if name == "whole" else "warning")
    assert one.facts["count"] == (4 if name == "cast" else 1)


@pytest.mark.parametrize("name", FINE)
def test_what_is_fine_is_not_named(found, name):
    assert not found[name], said(found[name])


def test_with_64_bits_nothing_is_lost(tmp_path):
    program = {
        "wide": "import jax\njax.config.update('jax_enable_x64', True)\n" + FAULTY["made"].replace("jnp", "jax.numpy")
    }
    assert findings_of(tmp_path, ("silent-downcast",), program) == {"wide": []}
