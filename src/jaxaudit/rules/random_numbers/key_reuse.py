"""A random key that is used twice, so that what should be independent is the same or correlated."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from jaxaudit.model import Finding
from jaxaudit.rules.random_numbers.key_events import functions_with_keys, spent_keys
from jaxaudit.rules.random_numbers.key_pairs import Told, used_twice
from jaxaudit.rules.random_numbers.key_repeats import (
    kept_elsewhere,
    kept_on_self,
    same_for_all,
    used_in_each_step,
    used_in_each_turn,
)
from jaxaudit.rules.random_numbers.key_returns import used_and_returned
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.source.program import Function, Program


def match(program: Program) -> Iterator[Finding]:
    said: set[Hashable] = set()
    for function in functions_with_keys(program):
        if function.module.context:
            continue
        for told in sorted(faults_of(program, function), key=lambda one: -one.confidence):
            here = (told.place.path, told.place.line, told.place.column)
            if here in said or (function, told.mark) in said:
                continue
            said |= {here, (function, told.mark)}
            yield RULE.found(
                told.place,
                told.message,
                told.confidence,
                facts=told.facts,
                notes=told.notes,
            )


def faults_of(program: Program, function: Function) -> Iterator[Told]:
    spent = spent_keys(program, function)
    yield from used_twice(program, spent)
    yield from used_in_each_turn(program, spent)
    yield from used_in_each_step(program, function, spent)
    yield from same_for_all(program, spent)
    yield from used_and_returned(program, function, spent)
    yield from kept_on_self(program, function, spent)
    yield from kept_elsewhere(program, function, spent)


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

key, noise_key = jax.random.split(jax.random.key(0))
mean = jax.random.normal(key, (3,))
noise = jax.random.normal(noise_key, (3,))
""",
                shows="not bool((mean == noise).all())",
            ),
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
    for step in range(steps):
        draws.append(jax.random.normal(jax.random.fold_in(key, step)))
    return draws


first, second = walk(jax.random.PRNGKey(0), 2)
""",
                shows="float(first) != float(second)",
            ),
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
    noise_key, jump_key = jax.random.split(key)
    noise = jax.random.normal(noise_key, (4,))
    return noise + jump(jump_key, (4,))


path(jax.random.key(1))
""",
                shows="path(jax.random.key(1)).shape == (4,)",
            ),
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
    def step(x, step_key):
        noise = jax.random.normal(step_key)
        return x + noise, noise

    return jax.lax.scan(step, x, jax.random.split(key, 3))[1]


noise = simulate(jax.random.key(0), jnp.zeros(()))
""",
                shows="len(set(noise.tolist())) == 3",
            ),
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
)
