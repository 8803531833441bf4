"""A jitted function takes an array from around it: the array becomes a constant of the compiled program."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from jaxaudit.model import Finding, Fix
from jaxaudit.rules.captures.capture_words import (
    LARGE,
    Group,
    confidence,
    facts_of,
    is_small,
    known_bytes,
    notes_of,
    objects,
    subject,
    surroundings,
)
from jaxaudit.rules.captures.captured_in_run import observe_array
from jaxaudit.rules.captures.captured_values import Captured, by_function
from jaxaudit.rules.captures.constant_work import ConstantWork, constant_work
from jaxaudit.rules.captures.held_arrays import described
from jaxaudit.rules.captures.partial_outside import can_swap, swap
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.source.program import Program

if TYPE_CHECKING:
    from jaxaudit.edits import Edit, SourceText
    from jaxaudit.rules.project import Change, Project, Refused


def match(program: Program) -> Iterator[Finding]:
    for group in by_function(program):
        if group[0].how not in HOW or is_small(program, group):
            continue
        total = known_bytes(program, group)
        work = next((work for one in group for work in constant_work(program, one)), None)
        if work is not None and total is not None and total <= LARGE:
            yield by_work(group, total, work, program)
        else:
            yield by_capture(program, group, total, work)


HOW = {
    "closure": "{subject} reads {objects} from {surroundings}",
    "partial": "{subject} has {objects} bound to it by `partial` before it is jitted",
    "default": "{subject} has {objects} as the default of `{parameter}`, which calls leave out",
}


def by_capture(program: Program, group: Group, total: int | None, work: ConstantWork | None) -> Finding:
    captured = group[0]
    said = HOW[captured.how].format(
        subject=subject(captured),
        objects=objects(program, group),
        surroundings=surroundings(captured),
        parameter=captured.parameter,
    )
    constants = "constants" if len([held for one in group for held in one.arrays]) > 1 else "a constant"
    tail = f"copied into the compiled program as {constants}, and a later change is not seen"
    if work is not None:
        tail += f"; `{work.text}` depends on no argument, so XLA works it out {WHEN[work.how]}"
    return RULE.found(
        captured.place, f"{said}: {tail}", confidence(program, group, total), facts=facts_of(group, total),
        notes=notes_of(program, group), fix=fix_of(program, captured),
    )  # fmt: skip


def fix_of(program: Program, captured: Captured) -> Fix | None:
    """What is bound before the jit can be bound after it, whoever calls the function."""
    if captured.how == "partial" and can_swap(program, captured.site.use):
        return Fix("safe", "bind outside: partial of the jitted function")
    return None


def mend(finding: Finding, source: "SourceText") -> "tuple[Edit, ...]":
    """`jit(partial(f, x))` becomes `partial(jit(f), x)`."""
    from jaxaudit.edits import expression_at, parents_of

    bound = expression_at(source, finding.place)
    return swap(source, parents_of(source, bound)[0])  # type: ignore[arg-type]


def by_work(group: Group, total: int, work: ConstantWork, program: Program) -> Finding:
    """Small enough to be captured, but what is computed from it is computed by the compiler, or again in each call."""
    captured = work.captured
    sure = total >= (64 * 1024 if work.how == "folded" else 128 * 1024)
    return RULE.found(
        work.place,
        f"`{work.text}` in {captured.compiled.where.rstrip(',')} depends on no argument, only on "
        f"`{captured.spelled(work.held)}`{captured.filled} ({described(work.held)}), a constant of the compiled program: XLA works "
        f"it out {WHEN[work.how]}",
        0.85 if sure else 0.5,
        facts=facts_of(group, total, "captured_bytes"),
        notes=notes_of(program, group),
        help=f"Work it out once outside and hand in the result, or make `{captured.name}` an argument.",
    )


WHEN = {
    "folded": "while compiling (seconds to minutes for a sort or a cumulative sum)",
    "repeated": "again in each call",
}


def hoist(findings: "Sequence[Finding]", project: "Project") -> "Iterable[Change | Refused]":
    """Arguments instead of constants: in the signature, bound outside, or by a setting."""
    from jaxaudit.rules.captures.hoisting.proposing import propose

    return propose(findings, project)


RULE = Rule(
    name="captured-array",
    title="array captured by a jitted function as a constant",
    severity="warning",
    dont="Read a large array, or an object that holds one, in a jitted function without handing it in.",
    do="Make the array, or the object that holds it, an argument. Where call sites can't change, bind it outside: "
    "`functools.partial(jitted, array)`, not `jit(partial(f, array))`.",
    why="What a jitted function reads from around it is copied into the program as a constant. One frame of a "
    "telescope simulator took 18 to 29 CPU seconds for its first call with 1.1 GB captured and 8 to 13 as an argument, "
    "with 3.6 GB of memory instead of 0.5 (JAX 0.10.2, CPU); sorting a captured float32[50000,4] took 87 s to compile, "
    "and every new content of the array misses the persistent compilation cache.",
    allowed="Small tables: up to `captured-bytes` (2 MiB for each jitted function) nothing is said, unless costly work "
    "depends on them alone. Names that are only asked for their shape or dtype.",
    may_break="A changed signature: callers must hand the array in. With `JAX_USE_SIMPLIFIED_JAXPR_CONSTANTS=1`, set "
    "before JAX is imported, the program no longer holds the array, though it still keeps the old one.",
    sees=("source", "run"),
    needs=("constants",),
    examples=(
        Example(
            "matrix of the module",
            dont=Sample(
                """import jax
import jax.numpy as jnp
import numpy as np

TRANSFER = jnp.asarray(np.random.default_rng(0).normal(size=(1000, 1000)), jnp.float32)


@jax.jit
def propagate(field):
    return jnp.tanh(TRANSFER @ field)  # fault


field = propagate(jnp.ones(1000))
""",
                shows="constants(propagate, jnp.ones(1000)) == 4_000_000",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp
import numpy as np

TRANSFER = jnp.asarray(np.random.default_rng(0).normal(size=(1000, 1000)), jnp.float32)


@jax.jit
def propagate(field, transfer):
    return jnp.tanh(transfer @ field)


field = propagate(jnp.ones(1000), TRANSFER)
""",
                shows="constants(propagate, jnp.ones(1000), TRANSFER) == 0",
            ),
        ),
        Example(
            "modules that hold arrays, closed over by a step",
            dont=Sample(
                """import equinox as eqx
import jax
import jax.numpy as jnp


class Cube(eqx.Module):
    psfs: jax.Array


class Telescope(eqx.Module):
    cube: Cube
    diameter: float

    def image(self, flux):
        return jnp.einsum("k,kyx->yx", flux, self.cube.psfs) * self.diameter**2


def make_step(telescope):
    @jax.jit
    def step(flux, data):
        return jnp.sum((telescope.image(flux) - data) ** 2)  # fault

    return step


telescope = Telescope(Cube(jax.random.normal(jax.random.key(0), (64, 128, 128))), 6.0)
step = make_step(telescope)
loss = step(jnp.ones(64), jnp.zeros((128, 128)))
""",
                shows="constants(step, jnp.ones(64), jnp.zeros((128, 128))) >= 64 * 128 * 128 * 4",
            ),
            do=Sample(
                """import functools

import equinox as eqx
import jax
import jax.numpy as jnp


class Cube(eqx.Module):
    psfs: jax.Array


class Telescope(eqx.Module):
    cube: Cube
    diameter: float

    def image(self, flux):
        return jnp.einsum("k,kyx->yx", flux, self.cube.psfs) * self.diameter**2


@jax.jit
def misfit(telescope, flux, data):
    return jnp.sum((telescope.image(flux) - data) ** 2)


telescope = Telescope(Cube(jax.random.normal(jax.random.key(0), (64, 128, 128))), 6.0)
step = functools.partial(misfit, telescope)
loss = step(jnp.ones(64), jnp.zeros((128, 128)))
""",
                shows="constants(misfit, telescope, jnp.ones(64), jnp.zeros((128, 128))) < 1024",
            ),
        ),
        Example(
            "partial under jit",
            dont=Sample(
                """from functools import partial

import jax
import jax.numpy as jnp


def project(basis, weights):
    return basis @ weights


basis = jax.random.normal(jax.random.key(0), (2000, 400))
image = jax.jit(partial(project, basis))  # fault
value = image(jnp.zeros(400))
""",
                shows="constants(image, jnp.zeros(400)) == 2000 * 400 * 4",
            ),
            do=Sample(
                """from functools import partial

import jax
import jax.numpy as jnp


def project(basis, weights):
    return basis @ weights


basis = jax.random.normal(jax.random.key(0), (2000, 400))
image = partial(jax.jit(project), basis)
value = image(jnp.zeros(400))
""",
                shows="constants(image, jnp.zeros(400)) == 0 or compiles('project') == 1",
            ),
            fixed_by_us=True,
        ),
        Example(
            "body of a scan in a helper that the jitted function calls",
            dont=Sample(
                """import jax
import jax.numpy as jnp
import numpy as np

weights = np.random.default_rng(1).standard_normal((1500, 1500)).astype(np.float32)


def apply(state):
    return jnp.tanh(jnp.dot(weights, state))  # fault


@jax.jit
def run(state):
    return jax.lax.scan(lambda carry, _: (apply(carry), None), state, None, length=3)[0]


out = run(jnp.ones(1500))
""",
                shows="constants(run, jnp.ones(1500)) >= 1500 * 1500 * 4",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp
import numpy as np

weights = np.random.default_rng(1).standard_normal((1500, 1500)).astype(np.float32)


def apply(weights, state):
    return jnp.tanh(jnp.dot(weights, state))


@jax.jit
def run(weights, state):
    return jax.lax.scan(lambda carry, _: (apply(weights, carry), None), state, None, length=3)[0]


out = run(weights, jnp.ones(1500))
""",
                shows="constants(run, weights, jnp.ones(1500)) < 1024",
            ),
        ),
        Example(
            "work that only the constant decides",
            dont=Sample(
                """import jax
import jax.numpy as jnp
import numpy as np

table = np.random.default_rng(0).normal(size=(20_000, 2)).astype(np.float32)


@jax.jit
def rank(x):
    ladder = jnp.cumsum(jnp.abs(table), axis=0)  # fault
    return jnp.searchsorted(ladder[:, 0], x)


place = rank(jnp.float32(3.0))
""",
                shows="constants(rank, jnp.float32(3.0)) == 160_000",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp
import numpy as np

table = np.random.default_rng(0).normal(size=(20_000, 2)).astype(np.float32)
ladder = jnp.cumsum(jnp.abs(table), axis=0)[:, 0]


@jax.jit
def rank(ladder, x):
    return jnp.searchsorted(ladder, x)


place = rank(ladder, jnp.float32(3.0))
""",
                shows="constants(rank, ladder, jnp.float32(3.0)) == 0",
            ),
        ),
    ),
    allowed_samples=(
        Sample(
            """import jax
import jax.numpy as jnp

WEIGHTS = jnp.array([0.25, 0.5, 0.25])
SCALE = 2.0
GRID = jnp.zeros((1000, 1000))


@jax.jit
def smooth(x):
    return SCALE * jnp.convolve(x, WEIGHTS, mode="same") + jnp.ones(GRID.shape[0])


y = smooth(jnp.ones(1000))
""",
            shows="constants(smooth, jnp.ones(1000)) == 12",
        ),
        Sample(
            """from functools import partial

import jax
import jax.numpy as jnp

basis = jax.random.normal(jax.random.key(0), (1000, 1000))


@jax.jit
def project(basis, x):
    table = jnp.zeros((1000, 1000)) + jnp.eye(1000)
    return basis @ (table @ x)


bound = partial(project, basis)
y = bound(jnp.ones(1000))
""",
            shows="constants(project, basis, jnp.ones(1000)) == 0",
        ),
    ),
    match=match,
    observe=observe_array,
    mend=mend,
    propose=hoist,
)
