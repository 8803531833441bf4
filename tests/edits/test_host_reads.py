"""Numbers that are read of device arrays one by one."""

import sys

import pytest

from jaxaudit.edits import CannotEdit, SourceText
from jaxaudit.edits.host_reads import read_on_the_host

HEAD = "import jax.numpy as jnp\nimport numpy as np\n\n"


def read(line: str) -> str:
    source = SourceText.from_text("a.py", f"{HEAD}{line}\n")
    return source.edited(read_on_the_host(source, [4])).text.removeprefix(HEAD).rstrip("\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = float(state.mean[k])", "x = float(np.asarray(state.mean)[k])"),
        ("x = [float(m[k, k]) for k in range(3)]", "x = [float(np.asarray(m)[k, k]) for k in range(3)]"),
        ("x = float(jnp.sqrt(m[0, 0]))", "x = float(np.sqrt(np.asarray(m)[0, 0]))"),
        ("x = int(-2 * m[0] + n[-1])", "x = int(-2 * np.asarray(m)[0] + np.asarray(n)[-1])"),
    ],
)
def test_a_read(before: str, after: str) -> None:
    assert read(before) == after


@pytest.mark.parametrize(
    "line",
    [
        "x = float(loss)",
        "x = float(metrics['loss'])",
        "x = float(jnp.linalg.norm(m))",
        "x = float(jnp.fft.fft(m)[0].real)",
        "x = float(f(m)[0])",
        "x = float(jax.nn.relu(m[0]))",
        "x = float(jnp.cumsum(m[0]))",
        "x = float(m[1:])",
        "x = m[0]",
    ],
)
def test_what_is_no_single_number_of_an_array_stays(line: str) -> None:
    with pytest.raises(CannotEdit):
        read(line)


def test_in_an_f_string() -> None:
    """Before Python 3.12, its parts have no places, and are left as they are."""
    line = "print(f'{float(m[0]):.2f}', float(m[1]))"
    inside = "np.asarray(m)" if sys.version_info >= (3, 12) else "m"
    assert read(line) == f"print(f'{{float({inside}[0]):.2f}}', float(np.asarray(m)[1]))"


def test_numpy_is_imported_where_it_is_not() -> None:
    source = SourceText.from_text("a.py", "import jax.numpy as jnp\n\nx = float(jnp.exp(m[0]))\n")
    assert source.edited(read_on_the_host(source, [3])).text == (
        "import jax.numpy as jnp\nimport numpy as np\n\nx = float(np.exp(np.asarray(m)[0]))\n"
    )
