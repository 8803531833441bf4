import pytest

from edits.marked_source import shown, written
from jaxaudit.edits import CannotEdit, SourceText, qualified_name, spell


def spelled(program, name):
    source = SourceText.from_text("m.py", shown(program))
    spelling = spell(source, name)
    return spelling.text, written(source, spelling.edits)


@pytest.mark.parametrize(
    ("imports", "name", "text"),
    [
        ("from functools import partial", "functools.partial", "partial"),
        ("from functools import partial as p", "functools.partial", "p"),
        ("import functools", "functools.partial", "functools.partial"),
        ("import functools as ft", "functools.partial", "ft.partial"),
        ("import jax", "jax.numpy.stack", "jax.numpy.stack"),
        ("import jax.numpy as np", "jax.numpy.stack", "np.stack"),
        ("from jax import numpy as jnp", "jax.numpy.stack", "jnp.stack"),
        ("from jax import lax", "jax.lax.scan", "lax.scan"),
        ("import jax", "jax.jit", "jax.jit"),
    ],
)
def test_what_the_file_imports_already(imports, name, text):
    assert spelled(imports + "\n", name) == (text, imports + "\n")


@pytest.mark.parametrize(
    ("program", "name", "text", "after"),
    [
        ("import jax\n", "functools.partial", "partial", "from functools import partial\n\nimport jax\n"),
        (
            "import os\nimport jax\n",
            "functools.partial",
            "functools.partial",
            "import functools\nimport os\nimport jax\n",
        ),
        ("import jax\n", "jax.numpy.stack", "jax.numpy.stack", "import jax\n"),
        ("import jax\n", "numpy.asarray", "np.asarray", "import jax\nimport numpy as np\n"),
        ("import equinox\n", "jax.numpy.stack", "jnp.stack", "import equinox\nimport jax.numpy as jnp\n"),
        ("x = 1\n", "functools.partial", "partial", "from functools import partial\n\nx = 1\n"),
        ('"""Doc."""\nx = 1\n', "functools.partial", "partial", '"""Doc."""\n\nfrom functools import partial\nx = 1\n'),
        ("", "functools.partial", "partial", "from functools import partial\n"),
        (
            "import jax\ndef f(partial): pass\n",
            "functools.partial",
            "functools.partial",
            "import functools\n\nimport jax\ndef f(partial): pass\n",
        ),
    ],
)
def test_what_it_needs_to_import(program, name, text, after):
    assert spelled(program, name) == (text, after)


def test_a_taken_name_is_refused():
    with pytest.raises(CannotEdit, match="np is taken"):
        spelled("import jax\nnp = 3\n", "numpy.asarray")


def test_a_conditional_import_does_not_count():
    text, after = spelled("import jax\nif X:\n    import functools\n", "functools.partial")
    assert (text, after.startswith("from functools import partial\n")) == ("partial", True)


def test_qualified_name_reads_aliases():
    source = SourceText.from_text("m.py", "import jax.numpy as jnp\njnp.linalg.norm\n")
    assert qualified_name(source, source.tree.body[1].value) == "jax.numpy.linalg.norm"
