"""Expressions as short source text: what a message quotes reads as it was written."""

import ast

import pytest

from jaxaudit.source.facts import text
from jaxaudit.source.lower_expressions import Expressions


@pytest.mark.parametrize(
    "code",
    [
        "1.0 / (1 + epoch)",
        "(a + b).sum()",
        "-(a + b)",
        "-a ** 2",
        "(-a) ** 2",
        "a ** -b",
        "a - (b - c)",
        "a - b - c",
        "a * (b @ c)",
        "not (a or b)",
        "a and b or c",
        "a and (b or c)",
        "(a < b) == c",
        "(a if b else c)(x)",
        "x[i + 1]",
    ],
)
def test_parentheses_stay_where_they_matter(code: str) -> None:
    assert text(Expressions().expr(ast.parse(code, mode="eval").body)) == code
