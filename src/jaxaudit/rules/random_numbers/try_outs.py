"""Where draws are nobody's results: a library's own try-out, and functions of which only shapes are asked."""

from __future__ import annotations

from jaxaudit.rules.control_flow.in_sight import is_imported
from jaxaudit.rules.random_numbers.key_events import NO_DRAW
from jaxaudit.rules.random_numbers.spent_key import Spent
from jaxaudit.source import values as v
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Function


def only_shapes(program: Program, function: Function) -> bool:
    """`jax.eval_shape(lambda s: step(key, s), state)`: nothing is drawn."""
    handed = program.graph.handed.get(function, ())
    return bool(handed) and all(one.use is not None and one.use.spec.kind in NO_DRAW for one in handed)


def is_try_out(program: Program, spent: list[Spent], line: int) -> bool:
    """Under `if __name__ == "__main__"` of a module that others import."""
    here = [one for one in spent if one.line == line and any(is_main(branch.test) for branch, _ in one.path)]
    return bool(here) and is_imported(program, here[0].call.flow.function.module)


def is_main(test: v.Value | None) -> bool:
    return isinstance(test, v.Op) and any(
        isinstance(one, v.Const) and one.value == "__main__" for one in test.operands
    )  # fmt: skip
