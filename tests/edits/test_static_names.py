import pytest

from edits.marked_source import marked, shown, written
from jaxaudit.edits import CannotEdit, SourceText, add_static_name, jit_site, remove_static_name, rename_static_name
from jaxaudit.edits.static_names import remove_static_names
from jaxaudit.model import Place

ADDED = [
    (
        "from functools import partial\nimport jax\n\n@«jax.jit»\ndef f(x, n):\n    return x\n",
        '@partial(jax.jit, static_argnames=("n",))',
    ),
    (
        "import functools\nimport jax\n\n@«jax.jit»\ndef f(x, n):\n    return x\n",
        '@functools.partial(jax.jit, static_argnames=("n",))',
    ),
    ("import jax\n@«jax.jit(inline=True)»\ndef f(x, n): pass\n", '@jax.jit(inline=True, static_argnames=("n",))'),
    ("import jax\ng = «jax.jit(f)»\n", 'g = jax.jit(f, static_argnames=("n",))'),
    ("import jax\ng = «jax.jit(f, static_argnames='m')»\n", "g = jax.jit(f, static_argnames=('m', 'n'))"),
    ('import jax\ng = «jax.jit(f, static_argnames=["m"])»\n', 'g = jax.jit(f, static_argnames=["m", "n"])'),
    (
        "from jax import jit as j\nfrom functools import partial as p\n@«p(j, donate_argnums=0)»\ndef f(x, n): pass\n",
        '@p(j, donate_argnums=0, static_argnames=("n",))',
    ),
    (
        "import jax\n\ndef f(x, m, n): pass\n\ng = «jax.jit(f, static_argnums=(1,))»\n",
        'g = jax.jit(f, static_argnames=("m", "n"))',
    ),
    ("import jax\n\ndef f(x, n, m): pass\n\ng = «jax.jit(f, static_argnums=-1)»\n", 'static_argnames=("m", "n")'),
]


@pytest.mark.parametrize(("before", "line"), ADDED)
def test_add(before, line):
    source, place = marked(before)
    after = written(source, add_static_name(source, jit_site(source, place), "n"))
    assert line in after
    changed = [one for one in after.splitlines() if one not in source.text.splitlines()]
    assert len(changed) == 1


def test_add_brings_the_import_it_needs():
    source, place = marked('''
        """Doc."""
        from __future__ import annotations

        import os
        from typing import Any

        import jax


        @«jax.jit»
        def f(x, n: int) -> Any:
            return x  # stays
    ''')
    after = written(source, add_static_name(source, jit_site(source, place), "n"))
    assert after == shown('''
        """Doc."""
        from __future__ import annotations

        import os
        from functools import partial
        from typing import Any

        import jax


        @partial(jax.jit, static_argnames=("n",))
        def f(x, n: int) -> Any:
            return x  # stays
    ''')


REMOVED = [
    (
        '@«partial(jax.jit, static_argnames=("n",))»\ndef f(x, n): pass\n',
        "@jax.jit",
    ),
    ("@«partial(jax.jit, static_argnums=1)»\ndef f(x, n): pass\n", "@jax.jit"),
    ("@«partial(jax.jit, static_argnums=(-1,))»\ndef f(x, n): pass\n", "@jax.jit"),
    ("@«jax.jit(static_argnames='n')»\ndef f(x, n): pass\n", "@jax.jit"),
    ("g = «jax.jit(f, static_argnames='n')»\n", "g = jax.jit(f)"),
    ("g = «partial(jax.jit, static_argnames='n')(f)»\n", "g = jax.jit(f)"),
    (
        'g = «jax.jit(f, static_argnames=("n", "m"), inline=True)»\n',
        'g = jax.jit(f, static_argnames=("m",), inline=True)',
    ),
    ('g = «jax.jit(f, static_argnames=("m", "n"))»\n', 'g = jax.jit(f, static_argnames=("m",))'),
    ("@«partial(jax.jit, static_argnums=(0, 1))»\ndef f(x, n): pass\n", "@partial(jax.jit, static_argnums=(0,))"),
    (
        "@«partial(jax.jit, donate_argnums=0, static_argnames='n')»\ndef f(x, n): pass\n",
        "@partial(jax.jit, donate_argnums=0)",
    ),
]


@pytest.mark.parametrize(("before", "line"), REMOVED)
def test_remove(before, line):
    source, place = marked("import jax\nfrom functools import partial\n" + before)
    after = written(source, remove_static_name(source, jit_site(source, place), "n"))
    assert line in after.splitlines()


def test_rename():
    source, place = marked("import jax\n@«jax.jit(static_argnames=('nn', \"m\"))»\ndef f(x, n, m): pass\n")
    assert "('n', \"m\")" in written(source, rename_static_name(source, jit_site(source, place), "nn", "n"))


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("g = «jax.jit(f, static_argnames=NAMES)»\n", "computed, not written out"),
        ("g = «jax.jit(f, static_argnums=1)»\n", "parameters are not known here"),
        ("@«jax.jit»\ndef f(x): pass\n", "no parameter n"),
        ("@«jax.jit(static_argnames=['n'])»\ndef f(x, n): pass\n", "n is static already"),
        ("@«jax.jit(static_argnames='n')»\ndef f(x, n): pass\n", "n is static already"),
        ("«print(f)»\n", "no jit at m.py:2:1"),
    ],
)
def test_what_would_be_a_guess_is_refused(program, reason):
    source, place = marked("import jax\n" + program)
    with pytest.raises(CannotEdit, match=reason):
        add_static_name(source, jit_site(source, place), "n")


def test_the_place_may_be_the_function_that_is_decorated():
    source, place = marked("import jax\n\n@jax.jit\ndef «f»(x, n):\n    return x\n")
    assert jit_site(source, place).function.name == "f"


def test_a_number_among_positions_where_names_are_given_too():
    text = "import jax\nfrom functools import partial\n\n\n@partial(jax.jit, static_argnums=(1,), static_argnames=('way',))\ndef f(x, n, way='a'):\n    return x\n"
    source = SourceText.from_text("p.py", text)
    site = jit_site(source, Place("p.py", 5, 2, 5, 66, "f"))
    assert "@partial(jax.jit, static_argnames=('way',))" in source.edited(remove_static_names(source, site, ["n"])).text
    assert "@partial(jax.jit, static_argnums=(1,))" in source.edited(remove_static_names(source, site, ["way"])).text
