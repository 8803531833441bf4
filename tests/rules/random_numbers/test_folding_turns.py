"""A key that every turn of a comprehension uses: offered is the number of the turn, folded into it."""

import pytest

from jaxaudit.edits import CannotEdit, SourceText
from jaxaudit.rules.random_numbers.folding_turns import folded
from rules.proposed_changes import of

HEAD = "import jax\n\n\n"


def changed(line):
    source = SourceText.from_text("a.py", HEAD + line + "\n")
    return source.edited(folded(source, 4, "key")).text.removeprefix(HEAD).rstrip()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = [f(key, x) for _ in range(3)]", "x = [f(jax.random.fold_in(key, turn), x) for turn in range(3)]"),
        ("x = [f(key, i) for i in range(3)]", "x = [f(jax.random.fold_in(key, i), i) for i in range(3)]"),
        ("x = [f(key, y) for y in ys]", "x = [f(jax.random.fold_in(key, turn), y) for turn, y in enumerate(ys)]"),
        (
            "x = list(f(key) for a, b in ys)",
            "x = list(f(jax.random.fold_in(key, turn)) for turn, (a, b) in enumerate(ys))",
        ),
        (
            "x = [f(key, y) for i, y in enumerate(ys)]",
            "x = [f(jax.random.fold_in(key, i), y) for i, y in enumerate(ys)]",
        ),
    ],
)
def test_the_turn_is_counted(before, after):
    assert changed(before) == after


@pytest.mark.parametrize(
    "line", ["x = [f(key) + g(key) for _ in range(3)]", "x = [f(key) for key in keys]", "x = f(key)"]
)
def test_anything_else_stays(line):
    with pytest.raises(CannotEdit):
        changed(line)


def test_it_is_offered_for_what_a_run_saw(tmp_path):
    tried = of(
        tmp_path,
        "key-reuse",
        """key = jax.random.key(5)
means = jnp.stack([jax.random.normal(key, (9,)).mean() for _ in range(4)])
print(means.shape)
""",
    )
    [change] = tried.changes
    assert change.changes_draws and "fold_in(key, turn)" in tried.lines(change)[0]
