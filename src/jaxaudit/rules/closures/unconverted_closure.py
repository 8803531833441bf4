"""A function that captures arrays, handed to a solver, an operator or a custom derivative."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding, Note
from jaxaudit.rules.captures.reads import reads
from jaxaudit.rules.pytrees.jitting_around import propose
from jaxaudit.rules.pytrees.library_offers import offer
from jaxaudit.rules.pytrees.library_recompile import by_call
from jaxaudit.rules.recompiles import CAPTURED_ARRAYS, Recompiles, of_rule
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.kinds import kind_of
from jaxaudit.source.tracing import entering

if TYPE_CHECKING:
    from jaxaudit.model.evidence import Evidence
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Function

SUSPECTED = 0.5
CUSTOM = "jax.custom_vjp"


def match(program: Program) -> Iterator[Finding]:
    told: set[tuple[int, int]] = set()
    for use in program.graph.uses:
        if not takes_closures(use) or under_own_jit(program, use):
            continue
        for value, _ in use.functions:
            for target in c.targets(program, value):
                function = target.function
                key = (id(use.call), id(function))
                captured = captured_arrays(program, function, differentiated=use.name == CUSTOM)
                if captured and key not in told and not use.flow.function.module.context:
                    told.add(key)
                    yield suspected(program, use, function, captured)


def takes_closures(use: c.TransformUse) -> bool:
    """Solvers and operators of libraries, and custom derivatives: what calls the function at another time and level."""
    return use.spec.kind == "solver" or use.spec.identity == "operator" or use.name == CUSTOM


def under_own_jit(program: Program, use: c.TransformUse) -> bool:
    """A solver in a function that always runs under a jit: its closure is traced once, with the rest."""
    function = use.flow.function
    if use.spec.kind != "solver" or program.tracing.jitted_context(function) is None:
        return False
    callers = program.tracing.eager_callers(function)
    return all(any(layer.spec.kind in ("jit", "pmap") for layer in edge.target.chain) for edge in callers)


def captured_arrays(program: Program, function: Function, *, differentiated: bool) -> list[str]:
    """Names of a surrounding function that hold arrays; what stands in the module is `captured-array`'s.

    `differentiated`: only those with respect to which something takes a gradient.
    """
    found: dict[str, None] = {}
    for read in reads(function):
        base = read.base
        if not isinstance(base, v.Free) or base.home.function.is_module or base.name in found:
            continue
        held = base.values()
        if not any(kind_of(program, value).is_array or program.tracing.tracer(value) for value in held):
            continue
        if not differentiated or any(is_differentiated(program, value) for value in held):
            found[base.name] = None
    return list(found)


def is_differentiated(program: Program, value: v.Value) -> bool:
    return isinstance(value, v.Param) and any(
        handed.use is not None and handed.use.spec.kind == "grad" and entering(program, handed, value.name) != ""
        for handed in program.graph.handed.get(value.function, ())
    )


def suspected(program: Program, use: c.TransformUse, function: Function, captured: list[str]) -> Finding:
    of_custom = use.name == CUSTOM
    after = (
        "a custom derivative has none for what is captured: differentiating with respect to it raises an error"
        if of_custom
        else "each new function object is traced again, with the arrays as constants where nothing else jits it"
    )
    return RULE.found(
        program.place(use.flow, use.call.expr),
        f"`{function.name}`, handed to `{use.short}`, captures {names(captured)} of the function around it: {after}",
        SUSPECTED,
        facts={"function": function.name, "captured": captured, "handed_to": use.name},
        notes=[Note(program.place_of_function(function), f"`{function.name}` captures {names(captured)}")],
    )


def names(words: list[str]) -> str:
    return ", ".join(f"`{word}`" for word in words[:3])


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    """A library's function that was compiled again because its static argument was a new closure over arrays."""
    for group in by_call(of_rule(evidence, rule.name)):
        yield rule.seen(
            group.at or group.site.spot,
            message(group),
            facts=group.facts | {"package": group.site.package},
            help=f"{rule.do} {offer(group.site.package)}",
            severity="info" if group.slight else "warning",
        )


def message(group: Recompiles) -> str:
    leaf = group.leaves[0]
    was, now = group.changes(leaf)[0][1:3]
    held = CAPTURED_ARRAYS.search(now)
    captured = held[1] if held else "arrays"
    return (
        f"{group.site.package}'s `{group.site.name}` {group.cost}: `{leaf}` is static there, and each time it was a new "
        f"closure, {was.replace('<locals>.', '')}, that captured {captured}: the arrays became constants of each program"
    )


_SOLVE = """import jax
import jax.numpy as jnp
import optimistix as optx

solver = optx.Newton(rtol=1e-5, atol=1e-5)

{solve}

for stiffness in (1.0, 2.0, 3.0):
    solve(jnp.eye(3) * stiffness, jnp.ones(3))
"""

_CUSTOM = """import jax
import jax.numpy as jnp

{made}

print(jax.grad(loss)(jnp.float32(2.0), jnp.ones(3)))
"""

RULE = Rule(
    name="unconverted-closure",
    title="A closure over arrays handed to a solver",
    severity="info",
    dont="Hand a solver, an operator or a custom derivative a function that captures arrays of the function around it.",
    do="Hand what it captures in by the solver's `args`, or convert it: `eqx.filter_closure_convert`.",
    why="A library's solver takes its function as a static argument: three solves with a closure over the matrix compiled "
    "`root_find` 3 times with the matrix as a constant, with the matrix in `args` once (JAX 0.10.2 and 0.12.0.1). For "
    "`jax.custom_vjp` there is no rule for what is captured, and differentiating with respect to it raises an error.",
    allowed="Functions that capture plain Python constants only; closures under one jit of your own, where the solver converts "
    "them.",
    may_break="The function takes one more argument, and whatever else calls it must hand that in.",
    sees=("source", "run"),
    needs=("compile_count",),
    examples=(
        Example(
            "a residual that captures the matrix",
            dont=Sample(
                _SOLVE.format(
                    solve="""
def solve(matrix, rhs):
    def residual(y, args):
        return matrix @ y + y**3 - rhs

    return optx.root_find(residual, solver, jnp.zeros(3)).value  # fault
"""
                ),
                shows="compiles('root_find') == 3",
            ),
            do=Sample(
                _SOLVE.format(
                    solve="""
def residual(y, args):
    matrix, rhs = args
    return matrix @ y + y**3 - rhs


def solve(matrix, rhs):
    return optx.root_find(residual, solver, jnp.zeros(3), (matrix, rhs)).value
"""
                ),
                shows="compiles('root_find') == 1",
            ),
        ),
        Example(
            "a custom derivative that captures what is differentiated",
            dont=Sample(
                _CUSTOM.format(
                    made="""
@jax.jit
def loss(scale, x):
    @jax.custom_vjp  # fault
    def wave(x):
        return scale * jnp.sin(x)

    wave.defvjp(lambda x: (wave(x), x), lambda x, g: (scale * jnp.cos(x) * g,))
    return wave(x).sum()
"""
                ),
                shows="'closed-over' in raised",
            ),
            do=Sample(
                _CUSTOM.format(
                    made="""
@jax.custom_vjp
def wave(scale, x):
    return scale * jnp.sin(x)


wave.defvjp(
    lambda scale, x: (wave(scale, x), (scale, x)),
    lambda kept, g: (jnp.sum(jnp.sin(kept[1]) * g), kept[0] * jnp.cos(kept[1]) * g),
)


def loss(scale, x):
    return wave(scale, x).sum()
"""
                ),
                shows="raised == ''",
            ),
        ),
    ),
    allowed_samples=(
        Sample(
            """import jax.numpy as jnp
import optimistix as optx

solver = optx.Newton(rtol=1e-5, atol=1e-5)


def solve(power, rhs):
    def residual(y, args):
        return y**power - args

    return optx.root_find(residual, solver, jnp.ones(3), rhs).value


solve(3, jnp.ones(3))
""",
        ),
    ),
    match=match,
    observe=observe,
    propose=propose,
)
