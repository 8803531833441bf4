"""Whole numbers that a function multiplies up: Python's have no end, a traced one has 32 bits and overflows without a word."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.lines import function_named

if TYPE_CHECKING:
    from jaxaudit.edits import SourceText

LARGE = 1000
"""Multiplied by this, a number of some millions has more than 32 bits."""


def must_stay_small(source: SourceText, function: str, line: int, names: Sequence[str]) -> None:
    """CannotEdit where one of these parameters, a whole number, is multiplied by a large one, or shifted."""
    node = function_named(source, function, line)
    for part in ast.walk(node) if node is not None else ():
        match part:
            case ast.BinOp(left=one, op=ast.Mult() | ast.Pow() | ast.LShift() as op, right=other):
                read = {each.id for each in ast.walk(part) if isinstance(each, ast.Name)}
                large = any(_is_large(side) for side in (one, other)) or isinstance(op, ast.LShift)
                if large and read.intersection(names):
                    raise CannotEdit(
                        f"`{source.of(part)[:40]}` in line {part.lineno} may pass 32 bits for other values: traced, it would "
                        "overflow"
                    )


def _is_large(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int) and abs(node.value) >= LARGE
