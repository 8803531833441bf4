"""One dtype for what came in two: written where the leaf is made."""

from textwrap import indent

import pytest

from rules.proposed_changes import compiles, done, of

STEP = """
@jax.jit
def step(state, x):
    return {state}


{before}
for turn in range(3):
    {name} = step({name}, jnp.full(3, float(turn)))
print({said})
"""
WAYS = {
    "a bare number": ("state + x.sum()", "level = 0.0", "level", "float(level)", "level = np.float32(0.0)"),
    "a whole number": ("state + x.sum()", "level = 0", "level", "float(level)", "level = np.float32(0)"),
    "a call that takes a dtype": (
        "state + x.sum()", "level = jnp.asarray(0.0)", "level", "float(level)", "jnp.asarray(0.0, dtype=jnp.float32)",
    ),
    "an entry of a dictionary": (
        "{'t': state['t'] + x.sum()}", "state = {'t': 0.0}", "state", "float(state['t'])",
        "state = {'t': np.float32(0.0)}",
    ),
    "an item of a tuple": (
        "(state[0] + 1, state[1] + x)", "zero = 0.0\nstate = (zero, jnp.zeros(3))", "state", "state[0] * 1.0, state[1]",
        None,
    ),
    "by way of another name": (
        "state + x.sum()", "zero = 0.0\nlevel = zero", "level", "float(level)", "zero = np.float32(0.0)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", [way for way in WAYS if WAYS[way][4]])
def test_the_leaf_is_made_with_its_dtype(tmp_path, way):
    state, before, name, said, line = WAYS[way]
    tried = of(tmp_path, "unstable-structure", STEP.format(state=state, before=before, name=name, said=said))
    assert compiles(tried.evidence, "step") == 2
    lines, evidence = done(tmp_path, tried)
    assert any(line in one for one in lines)
    assert compiles(evidence, "step") == 1


def test_a_field_of_an_object_is_found_by_its_place_in_the_call(tmp_path):
    code = """
    class State(eqx.Module):
        speed: jax.Array
        clock: jax.Array


    @eqx.filter_jit
    def advance(state):
        return State(state.speed * 0.9, state.clock + state.speed.max())


    state = State(jnp.ones(3), jnp.asarray(0.0))
    for _ in range(3):
        state = advance(state)
    print(float(state.clock))
    """
    lines, evidence = done(tmp_path, of(tmp_path, "unstable-structure", code))
    assert lines == ["state = State(jnp.ones(3), jnp.asarray(0.0, dtype=jnp.float32))"]
    assert compiles(evidence, "advance") == 1


def test_another_shape_is_no_matter_of_dtype(tmp_path):
    code = """
    @jax.jit
    def mean(x):
        return x.mean()


    for x in (jnp.ones(3), jnp.arange(4)):
        print(float(mean(x)))
    """
    tried = of(tmp_path, "unstable-structure", code)
    assert not tried.changes


def test_what_a_loop_hands_in_is_out_of_sight(tmp_path):
    code = """
    @jax.jit
    def twice(x):
        return 2 * x


    for x in (1, 2.5):
        print(float(twice(x)))
    """
    tried = of(tmp_path, "unstable-structure", code)
    assert not tried.changes
    assert [one.code for one in tried.refused] == ["does-not-apply"]


TREE = """
import json


def first(params):
    return jax.tree.map(jnp.zeros_like, params)


{program}


print(sorted(run(json.loads('{{"a": 1.5, "b": 2.0}}'), jnp.arange(3.0)).items()))
"""
STEP_OF_TREE = """(params, slope, x):
    slope = {"a": 0.5 * slope["a"] + params["a"] * x.sum(), "b": slope["b"]}
    return {"a": params["a"] - 0.1 * slope["a"], "b": params["b"] * x[0]}, slope, x.sum()
"""
RUN_OF_TREE = """(start, x):
    params, slope = start, first(start)
    for _ in range(3):
        params, slope, value = step(params, slope, x)
    return params
"""
BY_FUNCTION = f"@jax.jit\ndef step{STEP_OF_TREE}\n\ndef run{RUN_OF_TREE}"
BY_METHOD = (
    "class Fitter:\n    @functools.partial(jax.jit, static_argnums=0)\n"
    + indent(
        f"def step(self, {STEP_OF_TREE[1:]}\ndef run(self, {RUN_OF_TREE[1:]}".replace(" step(", " self.step("), "    "
    )
    + "\n\nrun = Fitter().run\n"
).replace("def self.step", "def step")


@pytest.mark.parametrize("program", [BY_FUNCTION, BY_METHOD], ids=["function", "method"])
def test_a_tree_that_is_not_written_out_is_made_strong_before_the_loop(tmp_path, program):
    tried = of(tmp_path, "unstable-structure", TREE.format(program=program))
    assert compiles(tried.evidence, "step") >= 2
    lines, evidence = done(tmp_path, tried)
    [made] = [line for line in lines if "result_type" in line]
    assert made.strip() == (
        "params, slope = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.result_type(leaf)), (params, slope))"
    )
    assert compiles(evidence, "step") == 1


def test_another_function_of_the_same_name_keeps_its_calls_as_they_are(tmp_path):
    code = TREE.format(program=BY_FUNCTION).replace(
        "\n@jax.jit\ndef step",
        """
def count(params):
    @jax.jit
    def step(params, slope, x):
        return jax.tree.map(lambda p: p + 1, params)

    for _ in range(3):
        params = step(params, 0.5, 1.0)
    return params


@jax.jit
def step""",
        1,
    )
    assert "def count" in code
    lines, _ = done(tmp_path, of(tmp_path, "unstable-structure", code))
    [made] = [line for line in lines if "result_type" in line]
    assert "(params, slope)" in made


def test_nor_is_what_only_the_loop_binds(tmp_path):
    code = """
    @jax.jit
    def twice(x):
        return {"a": 2 * x["a"]}


    for x in ({"a": 1.5}, {"a": jnp.float32(1.0)}, dict(a=jnp.ones(()))):
        print(float(twice(x)["a"]))
    """
    tried = of(tmp_path, "unstable-structure", code)
    assert not tried.changes


def test_two_leaves_that_a_function_of_another_file_makes(tmp_path):
    """They change together, at each of several shapes: one alone would save no compile."""
    files = {
        "state.py": """
            from typing import NamedTuple

            import jax.numpy as jnp


            class State(NamedTuple):
                field: object
                best: object


            def begin(mask):
                return State(jnp.where(mask, 1, 0), jnp.inf)
        """,
        "main.py": """
            import jax
            import jax.numpy as jnp

            from state import State, begin


            @jax.jit
            def settle(state, mask):
                field = jnp.where(mask, state.field * 0.5, 1.0).astype(jnp.float32)
                return State(field, jnp.minimum(state.best, field.max()))


            for n in (4, 6):
                mask = jnp.arange(n) > 1
                state = begin(mask)
                for _ in range(3):
                    state = settle(state, mask)
                print(float(state.best))
        """,
    }
    lines, evidence = done(tmp_path, of(tmp_path, "unstable-structure", files))
    assert [line.strip() for line in lines] == [
        "return State(jnp.asarray(jnp.where(mask, 1, 0), dtype=jnp.float32), jnp.asarray(jnp.inf, dtype=jnp.float32))"
    ]
    assert compiles(evidence, "settle") == 2


def test_where_another_script_turns_on_64_bits_the_setting_says_which(tmp_path):
    files = {
        "main.py": "import jax\nimport jax.numpy as jnp\n"
        + STEP.format(state="state + x.sum()", before="level = 0.0", name="level", said="float(level)"),
        "precise.py": "import jax\njax.config.update('jax_enable_x64', True)\n",
    }
    lines, evidence = done(tmp_path, of(tmp_path, "unstable-structure", files))
    assert lines == ["level = jnp.asarray(0.0, dtype=jnp.result_type(float))"]
    assert compiles(evidence, "step") == 1


LEARNED = """
def init(params):
    return {{name: (jnp.zeros_like(value), value * 0.0) for name, value in params.items()}}


@jax.jit
def learn(params, state, x):
    slope = x.sum()
    state = {{name: (0.9 * value[0] + slope, value[1] + slope) for name, value in state.items()}}
    return {{name: value - 0.1 * state[name][0] for name, value in params.items()}}, state


params = {{"a": {a}, "b": jnp.zeros(())}}
for well in range(2):
    state = init(params)
    for turn in range(3):
        params, state = learn(params, state, jnp.ones(3))
    print({{name: float(value) for name, value in sorted(params.items())}})
"""


def test_leaves_that_are_made_of_another_argument_follow_it(tmp_path):
    lines, evidence = done(tmp_path, of(tmp_path, "unstable-structure", LEARNED.format(a="0.0")))
    assert lines == ['params = {"a": np.float32(0.0), "b": jnp.zeros(())}']
    assert compiles(evidence, "learn") == 1


def test_else_they_are_made_strong_before_the_loop_that_knows_them_all(tmp_path):
    code = "import json\n" + LEARNED.format(a="json.loads('0.0')").replace("params = {", "params = dict(**{", 1)
    code = code.replace("jnp.zeros(())}", "jnp.zeros(())})", 1)
    tried = of(tmp_path, "unstable-structure", code)
    made = [line.strip() for change in tried.changes for line in tried.lines(change) if "result_type" in line]
    assert made, tried.refused
