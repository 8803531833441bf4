"""Programs of one file or of several, and what a rule finds in them."""

from collections.abc import Mapping
from textwrap import dedent

from jaxaudit.model import Finding
from jaxaudit.rules import load_rules
from jaxaudit.source.reading import read_program

HEAD = """\
import functools
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
"""
LINES_OF_HEAD = HEAD.count("\n")


def found(rule: str, code: str | Mapping[str, str], *, at_least: float = 0.0) -> list[Finding]:
    """What a rule finds in a file (the usual imports in front of it), or in several by their names."""
    files = {"project/main.py": HEAD + dedent(code)} if isinstance(code, str) else dict(code)
    overlay = {path: dedent(text).encode() for path, text in files.items()}
    program = read_program(sorted(overlay), overlay=overlay, context=False)
    assert not program.unread
    return [one for one in load_rules()[rule].match(program) if one.confidence >= at_least]


def lines(findings: list[Finding]) -> list[int]:
    """Their lines, counted from the first one after the usual imports."""
    return sorted(one.place.line - LINES_OF_HEAD for one in findings)
