"""Captures that no edit may touch: each is refused with the reason that its author would give, and nothing half done."""

import pytest

from jaxaudit.edits import SourceText
from jaxaudit.model.evidence import Environment, Evidence
from jaxaudit.rules import load_rules
from jaxaudit.rules.project import Change, Project, Refused, Wishes
from jaxaudit.source.reading import read_program
from rules.captures.hoisted_programs import RULES, SMALL, program

BIG = "jax.random.normal(jax.random.key(0), (1000, 1000))"
NOTHING_SEEN = Evidence(Environment(1, jax="0.10.2"))


def answers(code: str | dict[str, str], wishes: Wishes = SMALL) -> tuple[list[Change], list[Refused]]:
    """What is proposed by the source alone: the program is not run."""
    files = program(code)
    overlay = {path: text.encode() for path, text in files.items()}
    linked = read_program(sorted(overlay), overlay=overlay, context=False)
    texts = {path: SourceText.from_text(path, text) for path, text in files.items()}
    project = Project(linked, NOTHING_SEEN, texts.__getitem__, wishes)
    changes: list[Change] = []
    refused: list[Refused] = []
    for name in RULES:
        rule = load_rules()[name]
        findings = list(rule.match(linked))
        assert rule.propose is not None
        for answer in rule.propose(findings, project) if findings else ():
            if isinstance(answer, Refused):
                refused.append(answer)
            else:
                changes.append(answer)
    for change in changes:
        for path, edits in change.edits.items():
            compile(texts[path].edited(edits).text, path, "exec")
    return changes, refused


REFUSED = {
    "bound again after the function": (
        f"""
        table = {BIG}
        step = jax.jit(lambda x: table @ x)
        step(jnp.ones(1000))
        table = table / 2
        step(jnp.ones(1000))
        """,
        "rebound-later",
        "binds `table` again",
    ),
    "bound in each turn": (
        f"""
        def main():
            for seed in range(3):
                table = {BIG}

                @jax.jit
                def step(x):
                    return table @ x

                step(jnp.ones(1000))


        main()
        """,
        "rebound-later",
        "in each turn of a loop",
    ),
    "bound by another function": (
        f"""
        TABLE = {BIG}


        def reload():
            global TABLE
            TABLE = TABLE * 2


        @jax.jit
        def step(x):
            return TABLE @ x


        step(jnp.ones(1000))
        reload()
        """,
        "rebound-later",
        "from another function",
    ),
    "written into": (
        """
        weights = np.ones((1000, 1000), np.float32)


        @jax.jit
        def step(x):
            return weights @ x


        step(jnp.ones(1000))
        weights[0] = 3.0
        step(jnp.ones(1000))
        """,
        "rebound-later",
        "changes what `weights` holds",
    ),
    "assigned from another file": (
        {
            "tables.py": f"import jax\n\nTABLE = {BIG}\n\n\n@jax.jit\ndef look_up(x):\n    return TABLE @ x\n",
            "main.py": "import jax.numpy as jnp\n\nimport tables\n\ntables.look_up(jnp.ones(1000))\ntables.TABLE = None\n",
        },
        "rebound-later",
        "assigns `tables.TABLE`",
    ),
    "attribute assigned by a method": (
        """
        class Filter:
            def __init__(self):
                self.kernel = jax.random.normal(jax.random.key(0), (1000, 1000))
                self.apply = jax.jit(self._apply)

            def _apply(self, x):
                return self.kernel @ x

            def tune(self):
                self.kernel = self.kernel * 2
        """,
        "rebound-later",
        "assigns `self.kernel`",
    ),
    "asked for its lowered text": (
        f"""
        def main():
            table = {BIG}
            step = jax.jit(lambda x: table @ x)
            print(step.lower(jnp.ones(1000)).as_text())
            return step


        main()
        """,
        "does-not-apply",
        "`<lambda>.lower` is asked for",
    ),
    "shardings say something of each argument": (
        f"""
        table = {BIG}


        @functools.partial(jax.jit, in_shardings=None)
        def step(x):
            return table @ x


        step(jnp.ones(1000))
        """,
        "does-not-apply",
        "in_shardings speaks of each argument",
    ),
    "another decorator between": (
        f"""
        TABLE = {BIG}


        @jax.jit
        @jax.custom_jvp
        def step(x):
            return TABLE @ x


        step(jnp.ones(1000))
        """,
        "does-not-apply",
        "also decorated by",
    ),
    "custom derivative in between": (
        f"""
        TABLE = {BIG}


        @jax.custom_vjp
        def project(x):
            return TABLE @ x


        @jax.jit
        def step(x):
            return project(x) + 1


        step(jnp.ones(1000))
        """,
        "does-not-apply",
        "`project` is decorated by `jax.custom_vjp`",
    ),
    "calls itself": (
        f"""
        TABLE = {BIG}


        def outer():
            @functools.partial(jax.jit, static_argnums=1)
            def power(x, n):
                return x if n == 0 else TABLE @ power(x, n - 1)

            return power


        outer()(jnp.ones(1000), 3)
        """,
        "does-not-apply",
        "calls itself",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_must_not_be_edited_is_refused_with_its_reason(name: str) -> None:
    code, why, words = REFUSED[name]
    changes, refused = answers(code)
    assert [one.code for one in refused if words in one.text] == [why], refused
    assert not [one for one in changes if one.edits]


def test_a_helper_with_a_name_of_its_own_stays_as_it_is() -> None:
    code = f"""
        table = {BIG}


        def scale(x):
            table = 3.0
            return x * table


        def look_up(x):
            return table @ scale(x)


        @jax.jit
        def step(x):
            return look_up(x)


        step(jnp.ones(1000))
        """
    changes, refused = answers(code)
    assert not refused
    before = SourceText.from_text("main.py", program(code)["main.py"])
    after = before.edited(changes[0].edits["main.py"]).text
    assert "def scale(x):" in after
    assert "def look_up(x, table):" in after
    assert "return look_up(x, table)" in after


def test_small_captures_are_left_as_they_are() -> None:
    changes, refused = answers(
        "TABLE = jnp.ones((200, 200))\n\n\n@jax.jit\ndef step(x):\n    return TABLE @ x\n\n\nstep(jnp.ones(200))\n",
        Wishes(),
    )
    assert not changes and not refused


def test_signatures_that_stay_are_bound_outside() -> None:
    changes, _ = answers(
        f"TABLE = {BIG}\n\n\n@jax.jit\ndef step(x):\n    return TABLE @ x\n\n\nstep(jnp.ones(1000))\n",
        Wishes(keep_signatures=True, captured_bytes=1024),
    )
    assert [one.changes_signature for one in changes] == [False, False]
    assert [bool(one.setting) for one in changes] == [False, True]


def test_the_setting_is_offered_last() -> None:
    code = f"TABLE = {BIG}\n\n\n@jax.jit\ndef step(x):\n    return TABLE @ x\n\n\nstep(jnp.ones(1000))\n"
    changes, _ = answers(code)
    assert changes[-1].setting == {"env": {"JAX_USE_SIMPLIFIED_JAXPR_CONSTANTS": "1"}}
    assert len({one.group for one in changes}) == 1
