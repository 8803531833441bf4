"""Takes the text of XLA_FLAGS apart, as XLA does it."""

from typing import Literal, NamedTuple

from jaxaudit.model.flag import HOLE

Fault = Literal["", "one-dash", "no-dash", "joined", "typographic"]
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
"""What word processors and web pages make of hyphens."""


class FlagWord(NamedTuple):
    """One word of XLA_FLAGS: `--name=value` at `start`. `fault` is "" when it is written as XLA wants it."""

    name: str
    value: str | None
    start: int
    fault: Fault = ""


def flag_words(text: str) -> list[FlagWord]:
    """The flags in a text. A text whose first word has no dash is taken by XLA as the name of a file of flags; later
    words without one are skipped.

    `HOLE` stands for what is not known: a word whose name it is part of is left out, and one may begin after it.
    """
    words = []
    at = 0
    for word in text.split():
        at = text.index(word, at)
        found = _word(word, at, quoted=any(sign in text[:at] for sign in "'\""))
        if found is not None:
            words.append(found)
        at += len(word)
    return words


def _word(word: str, at: int, quoted: bool) -> FlagWord | None:
    name, equals, value = word.partition("=")
    while HOLE in name:
        before, _, name = name.partition(HOLE)
        if before.startswith("-") or not name.startswith("--"):
            return None
        at += len(before) + 1
    if not equals and (word.endswith(HOLE) or not name.strip("-")):
        return None
    bare = name.lstrip("-" + DASHES)
    if bare != name.lstrip("-"):
        return FlagWord(bare, value if equals else None, at + len(name) - len(bare) - 2, "typographic")
    fault: Fault = "" if name.startswith("--") else "one-dash"
    if not name.startswith("-"):
        fault = "no-dash"
        if quoted:
            return None
    if not fault and "--xla_" in value:
        fault = "joined"
    return FlagWord(name.lstrip("-"), value if equals else None, at, fault)
