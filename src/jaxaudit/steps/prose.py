"""Texts of rules: prose or code."""

import ast


def is_code(text: str) -> bool:
    """Whether a text is Python rather than a sentence: it parses, and is more than one bare word."""
    try:
        tree = ast.parse(text.strip("\n"))
    except (SyntaxError, ValueError):
        return False
    return not all(isinstance(one, ast.Expr) and isinstance(one.value, ast.Name) for one in tree.body)


def paragraphs(text: str) -> list[str]:
    """The paragraphs, each on one line."""
    return [" ".join(part.split()) for part in text.strip().split("\n\n") if part.strip()]
