"""The fix of key-reuse where a statement stands oddly: the result parses and is silent when checked again."""

import ast

import pytest

from jaxaudit.rules.random_numbers.key_reuse import RULE
from jaxaudit.steps.fix import Fixed, run_fix
from rules.sample_program import PATH, findings

HEAD = "import jax\nimport jax.numpy as jnp\nfrom jax import random as jr\n\n\n"
ODD_PLACES = {
    "jr and a key named rng": """def draw(rng):
    a = jr.normal(rng, (3,))
    b = jr.uniform(rng, (3,))
    return a + b
""",
    "semicolons": """def draw(key):
    a = jr.normal(key, (3,)); b = jr.normal(key, (3,))
    return a + b
""",
    "a call over several lines": """def draw(key):
    a = jr.normal(
        key,
        (3,),
    )
    b = jr.normal(
        key=key,
        shape=(3,),
    )
    return a + b
""",
    "both in one statement": """def draw(key):
    return jr.normal(key, (3,)) + jr.uniform(key, (3,))
""",
    "inside with": """def draw(key):
    with jax.named_scope("noise"):
        a = jr.normal(key, (3,))
        b = jr.normal(key, (3,))
    return a + b
""",
    "inside try": """def draw(key):
    try:
        a = jr.normal(key, (3,))
        b = jr.normal(key, (3,))
    except ValueError:
        return jnp.zeros(3)
    return a + b
""",
    "a tab and a comment": """def draw(key):
\ta = jr.normal(key, (3,))  # first
\t# in between
\tb = jr.normal(key, (3,))  # second
\treturn a + b
""",
    "the name of the part is taken": """def draw(key, normal_key=None):
    a = jr.normal(key, (3,))
    b = jr.normal(key, (3,))
    return a + b
""",
    "a walrus": """def draw(key):
    if (a := jr.normal(key, (3,))).sum() > 0:
        a = -a
    b = jr.normal(key, (3,))
    return a + b
""",
}
NO_LINE_OF_ITS_OWN = {
    "a one-line if": """def draw(key, wide):
    if wide: return jr.normal(key, (3,)) + jr.uniform(key, (3,))
    return jnp.zeros(3)
""",
    "a one-line function": """def draw(key): return jr.normal(key, (3,)) + jr.uniform(key, (3,))
""",
    "a loop on one line": """def draw(key):
    rows = []
    for _ in range(3): rows.append(jr.normal(key, (3,)))
    return jnp.stack(rows)
""",
    "after a docstring": '''def draw(key):
    """Two draws."""; a = jr.normal(key, (3,))
    b = jr.normal(key, (3,))
    return a + b
''',
}


def fixed(code: str) -> Fixed:
    found = findings(RULE, code)
    assert found
    return run_fix(
        found,
        lambda changed: findings(RULE, changed[PATH].decode() if PATH in changed else code),
        {RULE.name: RULE.mend},
        {PATH: code.encode()}.__getitem__,
        unsafe=True,
    )


@pytest.mark.parametrize("code", ODD_PLACES.values(), ids=ODD_PLACES.keys())
def test_what_the_fix_writes_parses_and_is_silent(code: str) -> None:
    made = fixed(HEAD + code)
    assert made.changes, [one.text for one in made.skipped]
    after = made.changes[0].after.decode()
    ast.parse(after)
    assert [one.message for one in findings(RULE, after)] == [], after


@pytest.mark.parametrize("code", NO_LINE_OF_ITS_OWN.values(), ids=NO_LINE_OF_ITS_OWN.keys())
def test_a_use_without_a_line_of_its_own_is_told_and_left(code: str) -> None:
    made = fixed(HEAD + code)
    assert not made.changes
    assert [one.text for one in made.skipped] == ["the statement does not begin its line"]
