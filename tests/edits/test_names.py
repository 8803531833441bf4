import ast

import pytest

from edits.marked_source import shown, written
from jaxaudit.edits import CannotEdit, SourceText, fresh_name, rename
from jaxaudit.edits.names import eager_names, free_names


def test_a_fresh_name_avoids_everything_that_is_written_or_built_in():
    source = SourceText.from_text("m.py", "def step(step_2):\n    return x.step_3\n")
    assert fresh_name(source, "step") == "step_4"
    assert fresh_name(source, "print") == "print_2"
    assert fresh_name(source, "new") == "new"


def names(text, question):
    return question(ast.parse(text, mode="eval").body)


def test_free_and_eager_names():
    assert names("jax.jit(lambda y, s=a: f(y, s, b))", free_names) == {"jax", "a", "f", "b"}
    assert names("jax.jit(lambda y, s=a: f(y, s, b))", eager_names) == {"jax", "a"}
    assert names("[g(x) for x in x]", free_names) == {"g", "x"}


def test_rename_follows_scopes():
    source = SourceText.from_text(
        "m.py",
        shown("""
            def f(key, n):
                a = draw(key)
                def g():
                    return key
                def h(key):
                    return key
                b = [key for key in key]
                return key.key(key=key)

            key = 3
        """),
    )
    assert written(source, rename(source, source.tree.body[0], "key", "k0")) == shown("""
        def f(k0, n):
            a = draw(k0)
            def g():
                return k0
            def h(key):
                return key
            b = [key for key in k0]
            return k0.key(key=k0)

        key = 3
    """)


def test_rename_of_a_function_and_of_an_import():
    source = SourceText.from_text("m.py", "import jax\nasync  def f(): return f\njax.jit(f)\n")
    assert (
        written(source, rename(source, source.tree, "f", "g")) == "import jax\nasync  def g(): return g\njax.jit(g)\n"
    )
    assert "import jax as j\n" in written(source, rename(source, source.tree, "jax", "j"))


def test_what_a_scope_does_not_bind_is_not_renamed_there():
    source = SourceText.from_text("m.py", "def f():\n    return a\n\ndef g():\n    global b\n    b = 1\n\nb = 2\n")
    with pytest.raises(CannotEdit, match="a is not bound"):
        rename(source, source.tree.body[0], "a", "c")
    with pytest.raises(CannotEdit, match="declared global"):
        rename(source, source.tree, "b", "c")
