"""An argument is given away only where the result takes its name and nobody else holds it."""

import pytest

from rules.proposed_changes import done, of

RUN = """
@jax.jit
def step(state, dt):
    return state + dt * jnp.sin(state)


{before}
for turn in range(4):
    {turn}
print(float(state[3]))
"""
MADE = "state = jnp.ones(300_000)"


def code(before=MADE, turn="state = step(state, 0.1)"):
    return RUN.format(before=before, turn=turn)


@pytest.mark.parametrize(
    "made",
    [
        MADE,
        "state = jnp.array(np.ones(300_000, np.float32))",
        "state = jnp.asarray(2.0 * np.ones(300_000), jnp.float32)",
        "state = (3.0 + jnp.ones(300_000)).reshape(-1)",
    ],
)
def test_a_state_that_is_rebound_is_donated(tmp_path, made):
    tried = of(tmp_path, "missed-donation", code(made))
    lines, _ = done(tmp_path, tried)
    assert lines == ['@functools.partial(jax.jit, donate_argnames=("state",))']
    [expected] = tried.changes[0].expected
    assert (expected.metric, expected.was, expected.now) == ("peak_bytes", 2.4e6, 1.2e6)


@pytest.mark.parametrize(
    ("before", "turn"),
    [
        (MADE, "state = step(state, 0.1); print(float(state.sum()), state.shape)"),
        (MADE, "state = step(state, 0.1); print(jnp.max(state) - state[0])"),
        ("def energy(x):\n    return jnp.sum(x ** 2)\n\n\n" + MADE, "state = step(state, 0.1); print(energy(state))"),
    ],
)  # fmt: skip
def test_reading_it_before_the_next_step_is_no_matter(tmp_path, before, turn):
    done(tmp_path, of(tmp_path, "missed-donation", code(before, turn)))


@pytest.mark.parametrize(
    ("before", "turn", "said"),
    [
        ("first = jnp.ones(300_000)\nstate = first", "state = step(state, 0.1)", "begins as an array that has another name"),
        ("first = jnp.ones(300_000)\nstate = jnp.asarray(first)", "state = step(state, 0.1)", "another name"),
        ("first = jnp.ones(300_000)\nstate = first.reshape(300_000)", "state = step(state, 0.1)", "another name"),
        ("first = [jnp.ones(300_000)]\nstate = jnp.asarray(first[0])", "state = step(state, 0.1)", "another name"),
        (MADE + "\nkept = []", "kept[:] = [state]; state = step(state, 0.1); kept.clear()", "second name"),
        (MADE + "\nkept = []", "kept.append(state); kept.clear(); state = step(state, 0.1)", "may keep `state`"),
        (MADE + "\nnew = state", "new = step(new, 0.1)", "second name"),
        (
            "START = jnp.ones(300_000)\n\n\ndef begin():\n    return START\n\n\nstate = begin()",
            "state = step(state, 0.1)", "another name",
        ),
        (MADE, "new = step(state, 0.1); state = 1.0 * new", "still names the old array"),
        (MADE, "old = np.asarray(state).sum(); state = step(state, 0.1)", "may keep `state`"),
        (
            "class Box:\n    pass\n\n\nbox = Box()\nbox.state = jnp.ones(300_000)\nstate = [0.0] * 4",
            "box.state = step(box.state, 0.1)", "held by an object",
        ),
    ],
)  # fmt: skip
def test_a_second_name_rules_it_out(tmp_path, before, turn, said):
    tried = of(tmp_path, "missed-donation", code(before, turn))
    assert not tried.changes
    assert [one.code for one in tried.refused] in ([], ["crashes"])
    assert all(said in one.text for one in tried.refused), tried.refused


CALLED = """
@jax.jit
def step(state, dt):
    return state + dt * jnp.sin(state)


def simulate(state, steps):
    for _ in range(steps):
        state = step(state, 0.1)
    return state


{main}
"""


def test_a_parameter_is_donated_where_every_caller_hands_in_an_array_of_its_own(tmp_path):
    done(tmp_path, of(tmp_path, "missed-donation", CALLED.format(main="print(simulate(jnp.ones(300_000), 4)[0])")))


def test_a_parameter_that_a_caller_holds_is_not(tmp_path):
    main = "start = jnp.ones(300_000)\nprint(simulate(start, 4)[0])"
    tried = of(tmp_path, "missed-donation", CALLED.format(main=main))
    assert not tried.changes
    assert all("is a parameter" in one.text for one in tried.refused)


OBJECT = """
@jax.jit
def step(state, dt):
    return state + dt * jnp.sin(state)


@jax.jit
def rows(state, numbers):
    return jax.tree.map(lambda leaf: leaf[numbers], state), jnp.sum(state)


@jax.jit
def same(state):
    return state


class Model:
    def __init__(self, n):
        self.state = {start}

    def run(self, steps):
        for _ in range(steps):
            self.state = step(self.state, 0.1)
        {end}


model = Model(300_000)
{before}
model.run(4)
print(float(model.state[3]))
"""


@pytest.mark.parametrize("end", ["return self", "return rows(self.state, jnp.arange(3))"])
def test_what_an_object_holds_is_donated_where_the_result_takes_its_place(tmp_path, end):
    program = OBJECT.format(start="jnp.ones(n)", end=end, before="")
    done(tmp_path, of(tmp_path, "missed-donation", program))


@pytest.mark.parametrize(
    ("start", "end", "before"),
    [
        ("jnp.ones(n)", "return self.state", ""),
        ("jnp.ones(n)", "return same(self.state)", ""),
        ("jnp.ones(n)", "return self", "first = model.state"),
        ("START", "return self", ""),
    ],
)
def test_what_somebody_may_have_of_an_object_is_not(tmp_path, start, end, before):
    program = "START = jnp.ones(300_000)\n" + OBJECT.format(start=start, end=end, before=before)
    tried = of(tmp_path, "missed-donation", program)
    assert not tried.changes
    assert all("may" in one.text for one in tried.refused), tried.refused
