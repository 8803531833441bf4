"""A text as words and numbers, so that two texts can be compared number by number."""

import re
from collections.abc import Iterator, Sequence
from math import isfinite
from typing import NamedTuple

NUMBER = re.compile(
    r"(?<![\w.])[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?(?![\w])|(?<![\w])[-+]?(?:nan|inf)\b|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
)


ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{4,16}\b")
"""Where an object lies in memory, as Python shows it: another place in each run."""
LARGEST = 300
"""Exponents beyond it are no measure of what was printed (`9e5450` of a digest)."""


class Token(NamedTuple):
    """A number with its value and the size of its last printed place, or the text between numbers."""

    text: str
    value: float | None = None
    place: float = 0.0


def tokens(text: str) -> tuple[Token, ...]:
    return tuple(_tokens(text))


def _tokens(text: str) -> Iterator[Token]:
    done, text = 0, ADDRESS.sub("at 0x", text)
    for match in NUMBER.finditer(text):
        between = text[done : match.start()]
        if between.strip():
            yield Token(" ".join(between.split()))
        value = float(match[0])
        said = isfinite(value) or not any(one.isdigit() for one in match[0])
        yield Token(match[0], value, _last_place(match[0])) if said else Token(match[0])
        done = match.end()
    if text[done:].strip():
        yield Token(" ".join(text[done:].split()))


def _last_place(number: str) -> float:
    """What one unit in the last printed digit is worth; 0 for a whole number, which is a count."""
    mantissa, _, exponent = number.lower().partition("e")
    decimals = mantissa.partition(".")[2]
    if not decimals and not exponent:
        return 0.0
    place = int(exponent or 0) - len(decimals)
    return 10.0**place if abs(place) <= LARGEST else 0.0


class Moved(NamedTuple):
    """How far two texts are apart."""

    same_words: bool
    relative: float = 0.0
    """The largest relative difference of two numbers, what rounding to the printed digits explains aside."""
    rounded: bool = False
    """Some number differs in its last printed digit only."""
    first: str = ""
    """The first difference, as a reader would see it."""


def distance(before: Sequence[Token], after: Sequence[Token], unstable: frozenset[int] = frozenset()) -> Moved:
    """`unstable` are positions that also differ when nothing is changed."""
    if len(before) != len(after):
        return Moved(False, first=f"{_shown(before, after)}")
    relative, rounded, first = 0.0, False, ""
    for position, (a, b) in enumerate(zip(before, after)):
        if position in unstable or a.text == b.text:
            continue
        if a.value is None or b.value is None:
            return Moved(False, first=f"{a.text[:60]!r} -> {b.text[:60]!r}")
        if a.value == b.value or (a.value != a.value and b.value != b.value):
            continue
        if not (isfinite(a.value) and isfinite(b.value)):
            return Moved(False, first=f"{a.text} -> {b.text}")
        first = first or f"{a.text} -> {b.text}"
        apart = abs(a.value - b.value)
        if apart <= 1.01 * max(a.place, b.place):
            rounded = True
        else:
            relative = max(relative, apart / max(abs(a.value), abs(b.value)))
    return Moved(True, relative, rounded, first)


def _shown(before: Sequence[Token], after: Sequence[Token]) -> str:
    for a, b in zip(before, after):
        if a.text != b.text and (a.value is None or b.value is None):
            return f"{a.text[:60]!r} -> {b.text[:60]!r}"
    longer, word = (before, "missing") if len(before) > len(after) else (after, "new")
    return f"{longer[min(len(before), len(after))].text[:60]!r} is {word}"


def unstable_positions(one: Sequence[Token], other: Sequence[Token]) -> frozenset[int] | None:
    """Where two runs of the same program differ; None where even their shape does."""
    if len(one) != len(other):
        return None
    return frozenset(position for position, (a, b) in enumerate(zip(one, other)) if a.text != b.text)
