"""Arguments of a traced program that are exponents: for a number in their place XLA writes multiplications, not a power."""

from __future__ import annotations

from typing import Any

from jaxaudit_probe import private

MOST_EQUATIONS = 20_000
NONE: frozenset[int] = frozenset()


def exponents_of(program: Any) -> list[str]:
    """The names of the arguments, scalars each, of which an exponent is worked out."""
    flow = _Flow()
    inputs = private.inner_of(program).invars
    flow.run(program, [frozenset({i}) if _is_scalar(value) else NONE for i, value in enumerate(inputs)])
    names = private.argument_names(program)
    return [names[i] for i in sorted(flow.found) if i < len(names)]


class _Flow:
    def __init__(self) -> None:
        self.found: set[int] = set()
        self.left = MOST_EQUATIONS

    def run(self, program: Any, inputs: list[frozenset[int]]) -> list[frozenset[int]]:
        """Of which arguments each result of a program is made, as far as scalars lead there."""
        inner = private.inner_of(program)
        made: dict[Any, frozenset[int]] = dict(zip(inner.invars, inputs))

        def of(value: Any) -> frozenset[int]:
            return NONE if hasattr(value, "val") else made.get(value, NONE)

        for equation in inner.eqns:
            self.left -= 1
            if self.left < 0:
                break
            given = [of(value) for value in equation.invars]
            if not any(given):
                continue
            for value, origin in zip(equation.outvars, self.step(equation, given)):
                made[value] = origin
        return [of(value) for value in inner.outvars]

    def step(self, equation: Any, given: list[frozenset[int]]) -> list[frozenset[int]]:
        name = equation.primitive.name
        programs = [part for _, part in private.sub_programs_with_constants(equation)]
        if programs:
            return self.call(equation, programs, given)
        if name == "pow":
            self.found |= given[1]
        scalar = all(hasattr(value, "val") or _is_scalar(value) for value in equation.invars)
        return [NONE.union(*given)] * len(equation.outvars) if scalar else []

    def call(self, equation: Any, programs: list[Any], given: list[frozenset[int]]) -> list[frozenset[int]]:
        """What it runs gets the equation's inputs from the last one on; a `while` hands its body all but its test's own."""
        name = equation.primitive.name
        results: list[list[frozenset[int]]] = []
        for program in programs:
            count = len(private.inner_of(program).invars)
            handed = given[1:] if name == "cond" else given
            if name == "while":
                ask = equation.params["cond_nconsts"]
                is_test = program is equation.params.get("cond_jaxpr")
                do = equation.params["body_nconsts"]
                handed = [*given[:ask], *given[ask + do :]] if is_test else given[ask:]
            if count <= len(handed):
                results.append(self.run(program, handed[len(handed) - count :]))
        one = results[0] if len(results) == 1 and name not in ("scan", "while") else []
        return one if len(one) == len(equation.outvars) else []


def _is_scalar(value: Any) -> bool:
    return getattr(value.aval, "shape", None) == ()
