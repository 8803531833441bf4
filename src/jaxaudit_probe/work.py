"""How much work a traced program is, and what of it is heavy."""

from __future__ import annotations

from typing import Any, NamedTuple

from jaxaudit_probe import private

LOOPS = frozenset({"scan", "while"})
DENSE = frozenset(
    {"cholesky", "lu", "eigh", "eig", "svd", "qr", "geqrf", "householder_product", "triangular_solve", "schur", "fft"}
    | {"conv_general_dilated", "sort", "tridiagonal_solve", "hessenberg", "tridiagonal"}
)
"""Operations that are heavy from a few hundred elements on."""
ELEMENTS = 256
MULTIPLICATIONS = 1_000_000
LONG = 100
"""Operations that a loop does, its turns counted, from which on it is heavy."""
TURNS = 16
"""How often a loop whose turns nobody knows is taken to run."""
MOST = 4_000


class Work(NamedTuple):
    """Equations, those of inner programs once each, and the name of what is heavy among them."""

    equations: int
    heavy: str = ""


def work_of(program: Any) -> Work:
    count, heavy = 0, ""
    for equation in private.equations_of(program, MOST):
        count += 1
        heavy = heavy or _heavy(equation)
    return Work(count, heavy)


def work_of_equation(equation: Any) -> Work:
    inner = [work_of(program) for program in private.sub_programs(equation)]
    heavy = _heavy(equation) or next((one.heavy for one in inner if one.heavy), "")
    return Work(1 + sum(one.equations for one in inner), heavy)


def _heavy(equation: Any) -> str:
    name: str = equation.primitive.name
    if name in LOOPS:
        body = sum(work_of(program).equations for program in private.sub_programs(equation))
        return name if body * int(equation.params.get("length", TURNS)) >= LONG else ""
    if name in DENSE:
        return name if max((_size(value) for value in equation.invars), default=0) >= ELEMENTS else ""
    if name == "dot_general":
        (contracted, _), _ = equation.params["dimension_numbers"]
        shape = equation.invars[0].aval.shape
        each = private.count_of(tuple(shape[i] for i in contracted))
        return "dot_general" if each * _size(equation.outvars[0]) >= MULTIPLICATIONS else ""
    return ""


def _size(value: Any) -> int:
    return private.count_of(tuple(getattr(value.aval, "shape", ())))
