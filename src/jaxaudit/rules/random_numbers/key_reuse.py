"""A random key that is used twice, so that what should be independent is the same or correlated."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from jaxaudit.model import Finding, Fix
from jaxaudit.rules.random_numbers import key_folding
from jaxaudit.rules.random_numbers.folding_turns import propose
from jaxaudit.rules.random_numbers.key_advice import advice
from jaxaudit.rules.random_numbers.key_events import functions_with_keys, spent_keys
from jaxaudit.rules.random_numbers.key_pairs import Told, used_twice
from jaxaudit.rules.random_numbers.key_repeats import (
    kept_elsewhere,
    kept_on_self,
    same_for_all,
    same_on_each_shard,
    used_in_each_step,
    used_in_each_turn,
)
from jaxaudit.rules.random_numbers.key_returns import used_and_returned
from jaxaudit.rules.random_numbers.key_reuse_seen import observe
from jaxaudit.rules.random_numbers.key_splitting import TITLE, mend
from jaxaudit.rules.random_numbers.key_sums import made_of_sums
from jaxaudit.rules.random_numbers.key_turns import used_and_carried_on
from jaxaudit.rules.random_numbers.try_outs import is_try_out, only_shapes
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Function


def match(program: Program) -> Iterator[Finding]:
    said: set[Hashable] = set()
    for function in functions_with_keys(program):
        if function.module.context or only_shapes(program, function):
            continue
        spent = spent_keys(program, function)
        for told in sorted(faults_of(program, function), key=lambda one: -one.confidence):
            here = (told.place.path, told.place.line, told.place.column)
            if here in said or (function, told.mark) in said:
                continue
            said |= {here, (function, told.mark)}
            yield RULE.found(
                told.place,
                told.message,
                min(told.confidence, 0.5) if is_try_out(program, spent, told.place.line) else told.confidence,
                facts=told.facts,
                notes=told.notes,
                help=advice(told.facts),
                fix=Fix("unsafe", key_folding.TITLE if told.facts.get("fold") else TITLE) if told.fixable else None,
            )


def faults_of(program: Program, function: Function) -> Iterator[Told]:
    spent = spent_keys(program, function)
    yield from used_twice(program, spent)
    yield from used_in_each_turn(program, spent)
    yield from used_and_carried_on(program, spent)
    yield from used_in_each_step(program, function, spent)
    yield from same_for_all(program, spent)
    yield from same_on_each_shard(program, function, spent)
    yield from used_and_returned(program, function, spent)
    yield from kept_on_self(program, function, spent)
    yield from kept_elsewhere(program, function, spent)
    yield from made_of_sums(program, function)


RULE = Rule(
    name="key-reuse",
    title="a random key is used twice",
    severity="error",
    dont="Draw twice from one key, or go on using a key after splitting it.",
    do="Split first (`key, sub = jax.random.split(key)`) and use each part once; in loops, `jax.random.fold_in(key, step)`.",
    why="A key is a value, not a generator: the same key gives the same numbers. Two normal draws from one key were equal to the "
    "last bit, and a two-stage sampler that used one key for both stages had variance 4.00 instead of 2.00 (10,000 draws, "
    "JAX 0.10.2). JAX's own check sees typed keys only; raw `PRNGKey` arrays pass it silently.",
    allowed="The same draw on purpose: common random numbers, a comparison of two samplers, a replay.",
    may_break="Every random number after the split changes, so results that were compared with saved ones change too.",
    sees=("source", "run"),
    needs=("random_keys",),
    examples=(
        Example(
            "two draws from one key",
            dont=Sample(
                """import jax

key = jax.random.key(0)
mean = jax.random.normal(key, (3,))
noise = jax.random.normal(key, (3,))  # fault
""",
                shows="bool((mean == noise).all())",
            ),
            do=Sample(
                """import jax

key = jax.random.key(0)
normal_key, normal_key_2 = jax.random.split(key)
mean = jax.random.normal(normal_key, (3,))
noise = jax.random.normal(normal_key_2, (3,))
""",
                shows="not bool((mean == noise).all())",
            ),
            fixed_by_us=True,
        ),
        Example(
            "the same key in every turn",
            dont=Sample(
                """import jax


def walk(key, steps):
    draws = []
    for _ in range(steps):
        draws.append(jax.random.normal(key))  # fault
    return draws


first, second = walk(jax.random.PRNGKey(0), 2)
""",
                shows="float(first) == float(second)",
            ),
            do=Sample(
                """import jax


def walk(key, steps):
    draws = []
    for _ in range(steps):
        key, normal_key = jax.random.split(key)
        draws.append(jax.random.normal(normal_key))
    return draws


first, second = walk(jax.random.PRNGKey(0), 2)
""",
                shows="float(first) != float(second)",
            ),
            fixed_by_us=True,
        ),
        Example(
            "a helper spends the key that its caller uses again",
            dont=Sample(
                """import jax


def jump(key, shape):
    return jax.random.bernoulli(key, 0.5, shape)


@jax.jit
def path(key):
    noise = jax.random.normal(key, (4,))
    return noise + jump(key, (4,))  # fault


path(jax.random.key(1))
""",
                shows="path(jax.random.key(1)).shape == (4,)",
            ),
            do=Sample(
                """import jax


def jump(key, shape):
    return jax.random.bernoulli(key, 0.5, shape)


@jax.jit
def path(key):
    normal_key, jump_key = jax.random.split(key)
    noise = jax.random.normal(normal_key, (4,))
    return noise + jump(jump_key, (4,))


path(jax.random.key(1))
""",
                shows="path(jax.random.key(1)).shape == (4,)",
            ),
            fixed_by_us=True,
        ),
        Example(
            "a part of a split used twice",
            dont=Sample(
                """from jax import random


def sample(key):
    key, subkey = random.split(key)
    x = random.normal(subkey)
    y = random.uniform(subkey)  # fault
    return key, x, y


key, x, y = sample(random.PRNGKey(1))
""",
                shows="x.shape == y.shape == ()",
            ),
            do=Sample(
                """from jax import random


def sample(key):
    key, subkey = random.split(key)
    normal_key, uniform_key = random.split(subkey)
    x = random.normal(normal_key)
    y = random.uniform(uniform_key)
    return key, x, y


key, x, y = sample(random.PRNGKey(1))
""",
                shows="x.shape == y.shape == ()",
            ),
            fixed_by_us=True,
        ),
        Example(
            "a spent key carried to the next step",
            dont=Sample(
                """import jax
import jax.numpy as jnp


def kernel(state, _):
    key, x = state
    move_key, key = jax.random.split(key)
    x = x + jax.random.normal(move_key)
    accepted = jax.random.uniform(key) < 0.5  # fault
    return (key, x), accepted


def run(key):
    return jax.lax.scan(kernel, (key, jnp.zeros(())), None, length=4)[1]


accepted = run(jax.random.key(0))
""",
                shows="accepted.shape == (4,)",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


def kernel(state, _):
    key, x = state
    move_key, accept_key, key = jax.random.split(key, 3)
    x = x + jax.random.normal(move_key)
    accepted = jax.random.uniform(accept_key) < 0.5
    return (key, x), accepted


def run(key):
    return jax.lax.scan(kernel, (key, jnp.zeros(())), None, length=4)[1]


accepted = run(jax.random.key(0))
""",
                shows="accepted.shape == (4,)",
            ),
        ),
        Example(
            "an object that never renews its key",
            dont=Sample(
                """import jax
import jax.numpy as jnp


class Agent:
    def __init__(self, seed):
        self.key = jax.random.PRNGKey(seed)

    def act(self, logits):
        return jax.random.categorical(self.key, logits)  # fault


agent = Agent(0)
actions = []
for _ in range(20):
    actions.append(int(agent.act(jnp.zeros(100))))
""",
                shows="len(set(actions)) == 1",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


class Agent:
    def __init__(self, seed):
        self.key = jax.random.PRNGKey(seed)

    def act(self, logits):
        self.key, act_key = jax.random.split(self.key)
        return jax.random.categorical(act_key, logits)


agent = Agent(0)
actions = []
for _ in range(20):
    actions.append(int(agent.act(jnp.zeros(100))))
""",
                shows="len(set(actions)) > 1",
            ),
        ),
        Example(
            "layers made from one key",
            dont=Sample(
                """import equinox as eqx
import jax


class Net(eqx.Module):
    first: eqx.nn.Linear
    second: eqx.nn.Linear

    def __init__(self, key):
        self.first = eqx.nn.Linear(4, 4, key=key)
        self.second = eqx.nn.Linear(4, 4, key=key)  # fault


net = Net(jax.random.key(0))
""",
                shows="bool((net.first.weight == net.second.weight).all())",
            ),
            do=Sample(
                """import equinox as eqx
import jax


class Net(eqx.Module):
    first: eqx.nn.Linear
    second: eqx.nn.Linear

    def __init__(self, key):
        linear_key, linear_key_2 = jax.random.split(key)
        self.first = eqx.nn.Linear(4, 4, key=linear_key)
        self.second = eqx.nn.Linear(4, 4, key=linear_key_2)


net = Net(jax.random.key(0))
""",
                shows="not bool((net.first.weight == net.second.weight).all())",
            ),
            fixed_by_us=True,
        ),
        Example(
            "a scan body closes over the key",
            dont=Sample(
                """import jax
import jax.numpy as jnp


def simulate(key, x):
    def step(x, _):
        noise = jax.random.normal(key)  # fault
        return x + noise, noise

    return jax.lax.scan(step, x, None, length=3)[1]


noise = simulate(jax.random.key(0), jnp.zeros(()))
""",
                shows="len(set(noise.tolist())) == 1",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


def simulate(key, x):
    def step(x, step_2):
        noise = jax.random.normal(jax.random.fold_in(key, step_2))
        return x + noise, noise

    return jax.lax.scan(step, x, jnp.arange(3), length=3)[1]


noise = simulate(jax.random.key(0), jnp.zeros(()))
""",
                shows="len(set(noise.tolist())) == 3",
            ),
            fixed_by_us=True,
        ),
    ),
    allowed_samples=(
        Sample(
            """import jax


def draw(key, symmetric):
    if symmetric:
        return jax.random.normal(key)
    return jax.random.uniform(key)


key = jax.random.key(0)
for _ in range(3):
    key, sub = jax.random.split(key)
    draw(sub, True)
"""
        ),
    ),
    match=match,
    observe=observe,
    mend=mend,
    propose=propose,
)
