"""Takes the text of XLA_FLAGS apart, as XLA does it."""

from typing import Literal, NamedTuple


class FlagWord(NamedTuple):
    """One word of XLA_FLAGS: `--name=value` at `start`. `fault` is "" when it is written as XLA wants it."""

    name: str
    value: str | None
    start: int
    fault: Literal["", "one-dash", "no-dash"] = ""


def flag_words(text: str) -> list[FlagWord]:
    """The flags in a text. A text whose first word has no dash is taken by XLA as the name of a file of flags."""
    words = []
    at = 0
    for word in text.split():
        at = text.index(word, at)
        name, equals, value = word.partition("=")
        fault: Literal["", "one-dash", "no-dash"] = "" if name.startswith("--") else "one-dash"
        if not name.startswith("-"):
            fault = "no-dash"
        words.append(FlagWord(name.lstrip("-"), value if equals else None, at, fault))
        at += len(word)
    return words
