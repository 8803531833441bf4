"""Replacing and wrapping expressions."""

import ast

from jaxaudit.edits.edit import Edit
from jaxaudit.edits.nodes import expression_at
from jaxaudit.edits.source_text import SourceText
from jaxaudit.model import Place


def replace(source: SourceText, node: ast.AST, new: str) -> tuple[Edit, ...]:
    """The node's text becomes `new`; parentheses around the node stay."""
    return (Edit(*source.span(node), new),)


def replace_expression(source: SourceText, place: Place, new: str) -> tuple[Edit, ...]:
    """The smallest expression that holds the place becomes `new`."""
    return replace(source, expression_at(source, place), new)


def wrap(source: SourceText, node: ast.AST, before: str, after: str) -> tuple[Edit, ...]:
    """Text before and after a node: `wrap(source, node, "jnp.stack(", ")")`. What stands between is left alone."""
    start, end = source.span(node)
    return (Edit(start, start, before), Edit(end, end, after))
