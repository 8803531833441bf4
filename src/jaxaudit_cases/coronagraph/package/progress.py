"""How long work says how far it is."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many steps of it are done and how many there are."""


def silent(what: str, done: int, steps: int) -> None:
    """Says nothing."""
