"""A new jitted wrapper of a new function object in every turn of a loop."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding, Fix, Note
from jaxaudit.rules.boundaries.fresh_wrappers import FreshWrapper, fresh_wrappers, is_handed_to_a_clock
from jaxaudit.rules.boundaries.jitting_once import must_hold, propose_in_loops
from jaxaudit.rules.boundaries.new_functions import observe_loop
from jaxaudit.rules.boundaries.turn_needs import closed_over, takes_from_turn
from jaxaudit.rules.captures.partial_outside import is_cured_by_swap, swap
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.rules.transfers.turn_guards import is_timed
from jaxaudit.source import calls as c
from jaxaudit.source.facts import text
from jaxaudit.source.program import Program

if TYPE_CHECKING:
    from jaxaudit.edits import Edit, SourceText


def match(program: Program) -> Iterator[Finding]:
    for fresh in fresh_wrappers(program):
        if fresh.loop is None or fresh.fate in ("staged", "kept"):
            continue
        loop = fresh.loop
        notes = [Note(fresh.loop_place, "the loop")]
        if fresh.factory is not None:
            jitted = program.place(fresh.use.flow, fresh.use.call.expr)
            notes.append(Note(jitted, f"{fresh.what} is jitted here, anew in each call"))
        message = (
            f"{opening(fresh)} anew in each turn of the loop in line {loop.line}: {fresh.named} is traced and compiled"
        )
        message += " again every time"
        if fresh.varies:
            message += f" (what it takes from the turn, `{fresh.varies}`, may need a program of its own)"
        yield RULE.found(
            fresh.place,
            message,
            confidence(fresh),
            facts={
                "function": fresh.named_plainly,
                "loop_line": loop.line,
                "callee": fresh.identity.how,
                "wrapper": fresh.use.short,
                "decorator": fresh.use.call.decorator,
                "partial": is_cured_by_swap(program, fresh.use),
            },
            notes=notes,
            fix=fix_of(fresh),
        )


def opening(fresh: FreshWrapper) -> str:
    if fresh.factory is not None:
        return f"`{text(fresh.factory.expr)}` builds a jitted function ({fresh.what})"
    if fresh.use.call.decorator:
        return f"`@{text(fresh.use.call.expr)}` wraps {fresh.what}"
    return f"`{text(fresh.use.call.expr)}` wraps {fresh.what}"


def confidence(fresh: FreshWrapper) -> float:
    """Certain when the new object is seen and called in the same turn, and no turn needs a program of its own."""
    if fresh.fate != "called":
        return 0.4
    if fresh.varies or is_measured(fresh):
        return 0.6
    if (
        fresh.loop is not None
        and len(fresh.use.call.path) > len(fresh.loop.path)
        and fresh.use.call.flow is fresh.loop.flow
    ):
        return 0.7  # in a branch: perhaps in few turns
    if fresh.factory is not None:
        return 0.85
    return 0.95 if fresh.identity.how == "fresh" else 0.9


def is_measured(fresh: FreshWrapper) -> bool:
    """A loop that reads the clock and builds a program of each of its candidates: the compiling is what it is for."""
    program, loop = fresh.use.flow.program, fresh.loop
    assert loop is not None
    if is_handed_to_a_clock(program, fresh):
        return True
    if not is_timed(program, loop):
        return False
    if fresh.factory is not None:
        return any(takes_from_turn(program, value, loop) for value in fresh.factory.args)
    turn = {bind.name for bind in loop.flow.binds if loop in bind.loops}
    written = (
        [one.default for one in fresh.function.all_parameters if one.default] if fresh.function is not None else []
    )
    return reads_the_turn(fresh) or any(turn & {str(one[1])} for one in written if one[0] == "n")


def fix_of(fresh: FreshWrapper) -> Fix | None:
    """Before the loop, where the wrapped callable reads nothing of the turn; what an object holds may change."""
    if fresh.factory is None and is_cured_by_swap(fresh.use.flow.program, fresh.use):
        return Fix("safe", "jit the function itself, and bind with partial of that")
    if fresh.fate != "called" or fresh.varies or fresh.factory is not None or reads_the_turn(fresh):
        return None
    applicability = "unsafe" if fresh.identity.how == "bound" else "safe"
    return Fix(applicability, "jit once, before the loop")  # type: ignore[arg-type]


def reads_the_turn(fresh: FreshWrapper) -> bool:
    """Whether the wrapped callable takes anything that the loop rebinds."""
    loop = fresh.loop
    assert loop is not None
    turn = {bind.name for bind in loop.flow.binds if loop in bind.loops}
    functions = [target.function for target in c.targets(fresh.use.flow.program, fresh.value)]
    return any(read.base.name in turn for one in functions for read in closed_over(one, loop))  # type: ignore[attr-defined]


def mend(finding: Finding, source: "SourceText") -> "tuple[Edit, ...]":
    """`name = jax.jit(...)` before the loop, and the name in its place; an assignment or decorated def moves there."""
    from jaxaudit.edits import expression_at, hoist, loop_at, move_before, parents_of, statement_of
    from jaxaudit.edits.name_scopes import Names
    from jaxaudit.edits.rebinding import must_compile_once

    node = expression_at(source, finding.place)
    must_compile_once(Names(source), parents_of(source, node)[:1] if finding.facts["decorator"] else [node])
    if finding.facts["partial"]:
        return swap(source, node)
    if finding.facts["decorator"]:
        definition = parents_of(source, node)[0]
        return move_before(source, definition, loop_at(source, finding.place))  # type: ignore[arg-type]
    loop = loop_at(source, finding.place)
    named = statement_of(source, node)
    if is_plain_assignment(named, node):
        return move_before(source, named, loop)
    return hoist(source, node, loop, f"jitted_{finding.facts['function']}".replace("<lambda>", "function"))


def is_plain_assignment(statement: object, node: object) -> bool:
    """`f = jax.jit(g)`, a statement of its own."""
    import ast

    return (
        isinstance(statement, ast.Assign)
        and statement.value is node
        and len(statement.targets) == 1
        and isinstance(statement.targets[0], ast.Name)
    )


RULE = Rule(
    name="jit-in-loop",
    title="jit of a new function in every turn of a loop",
    severity="error",
    dont="Build a jitted function inside the loop that calls it.",
    do="Jit once, before the loop, and hand in what changes as arguments.",
    why="The cache of `jit` knows a function by its identity. A lambda, a nested def, a bound method, `partial(f)`, "
    "`vmap(f)` or `grad(f)` is a new object at each evaluation, so each turn traces and compiles again: 70 to 148 ms a "
    "turn for a one-line function, against 11 us for a call of a function jitted once (JAX 0.10.2, CPU, 20 turns).",
    allowed="`jax.jit(f)` of the same module-level function in each turn compiles once; it only pays about 0.1 ms of "
    "dispatch again. Different programs on purpose (a tuning loop, a table of functions) are fine too.",
    may_break="A function that reads the loop's variable sees, once hoisted, only what it is handed: make each such "
    "variable an argument.",
    sees=("source", "run"),
    needs=("compile_count",),
    examples=(
        Example(
            "gradient built in the training loop",
            dont=Sample(
                """import jax
import jax.numpy as jnp


def loss(w):
    return jnp.sum((w - 1.0) ** 2)


def train(w, steps=4):
    for _ in range(steps):
        w = w - 0.1 * jax.jit(jax.grad(loss))(w)  # fault
    return w


train(jnp.zeros(3))
""",
                shows="compiles('loss') == 4",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


def loss(w):
    return jnp.sum((w - 1.0) ** 2)


def train(w, steps=4):
    jitted_loss = jax.jit(jax.grad(loss))
    for _ in range(steps):
        w = w - 0.1 * jitted_loss(w)
    return w


train(jnp.zeros(3))
""",
                shows="compiles('loss') == 1",
            ),
            fixed_by_us=True,
        ),
        Example(
            "lambda that reads the batch",
            dont=Sample(
                """import jax
import jax.numpy as jnp

w = jnp.ones(3)
for k in range(4):
    batch = jnp.full(3, 1.0 + k)
    predict = jax.jit(lambda w: jnp.dot(w, batch))  # fault
    value = predict(w)
""",
                shows="compiles('<lambda>') == 4",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp

w = jnp.ones(3)
predict = jax.jit(lambda w, batch: jnp.dot(w, batch))
for k in range(4):
    batch = jnp.full(3, 1.0 + k)
    value = predict(w, batch)
""",
                shows="compiles('<lambda>') == 1",
            ),
        ),
        Example(
            "decorated def in the loop",
            dont=Sample(
                """import equinox as eqx
import jax.numpy as jnp


def evaluate(model, batches):
    total = 0.0
    for batch in batches:
        @eqx.filter_jit  # fault
        def score(model, batch):
            return jnp.sum(model * batch)
        total = total + score(model, batch)
    return total


total = evaluate(jnp.ones(3), [jnp.ones(3), jnp.zeros(3), jnp.ones(3)])
""",
                shows="compiles('score') == 3",
            ),
            do=Sample(
                """import equinox as eqx
import jax.numpy as jnp


def evaluate(model, batches):
    total = 0.0
    @eqx.filter_jit
    def score(model, batch):
        return jnp.sum(model * batch)
    for batch in batches:
        total = total + score(model, batch)
    return total


total = evaluate(jnp.ones(3), [jnp.ones(3), jnp.zeros(3), jnp.ones(3)])
""",
                shows="compiles('score') == 1",
            ),
            fixed_by_us=True,
        ),
        Example(
            "partial in a comprehension",
            dont=Sample(
                """from functools import partial

import jax
import jax.numpy as jnp


def shifted(offset, x):
    return x + offset


rows = [jax.jit(partial(shifted, row))(1.0) for row in jnp.ones((4, 3))]  # fault
""",
                shows="compiles('shifted') == 4",
            ),
            do=Sample(
                """from functools import partial

import jax
import jax.numpy as jnp


def shifted(offset, x):
    return x + offset


rows = [partial(jax.jit(shifted), row)(1.0) for row in jnp.ones((4, 3))]
""",
                shows="compiles('shifted') == 1",
            ),
            fixed_by_us=True,
        ),
        Example(
            "method jitted in a loop",
            dont=Sample(
                """import jax
import jax.numpy as jnp


class Model:
    def step(self, x):
        return 0.5 * x

    def run(self, x):
        for _ in range(4):
            x = jax.jit(self.step)(x)  # fault
        return x


x = Model().run(jnp.ones(3))
""",
                shows="compiles('step') == 4",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


class Model:
    def step(self, x):
        return 0.5 * x

    def run(self, x):
        jitted_step = jax.jit(self.step)
        for _ in range(4):
            x = jitted_step(x)
        return x


x = Model().run(jnp.ones(3))
""",
                shows="compiles('step') == 1",
            ),
            fixed_by_us=True,
        ),
        Example(
            "factory called in a loop",
            dont=Sample(
                """import jax
import jax.numpy as jnp


def make_update(rate):
    return jax.jit(lambda w: w - rate * jnp.sin(w))


w = jnp.ones(3)
for _ in range(4):
    update = make_update(0.1)  # fault
    w = update(w)
""",
                shows="compiles('<lambda>') == 4",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


def make_update(rate):
    return jax.jit(lambda w: w - rate * jnp.sin(w))


w = jnp.ones(3)
update = make_update(0.1)
for _ in range(4):
    w = update(w)
""",
                shows="compiles('<lambda>') == 1",
            ),
        ),
    ),
    allowed_samples=(
        Sample(
            """import jax
import jax.numpy as jnp


def double(x):
    return 2 * x


for _ in range(4):
    jax.jit(double)(jnp.ones(3))
""",
            shows="compiles('double') == 1",
        ),
        Sample(
            """import jax
import jax.numpy as jnp

powers = {n: jax.jit(lambda x, n=n: x**n) for n in (2, 3)}
steps = []
for rate in (0.1, 0.2):
    steps.append(jax.jit(lambda w, rate=rate: w - rate))
for step in steps:
    w = step(jnp.ones(3))
""",
            shows="compiles('<lambda>') == 2",
        ),
    ),
    match=match,
    observe=observe_loop,
    mend=mend,
    must_hold=must_hold,
    propose=propose_in_loops,
)
