"""What a message is, and how a pasted one is compared with it."""

import re
from dataclasses import dataclass
from functools import cached_property

GAP = "..."
_ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")
_GUTTER = re.compile(r"^[ \t]*(?:E(?=[ \t]{2})|[>|│┃║#*]+(?=[ \t]|$))", re.MULTILINE)
_SIGNS = re.compile(r"[\s\"'`´‘’“”│┃║╭╮╰╯─━]+")


@dataclass(frozen=True)
class Message:
    """One message: the words that stand in it whatever its numbers and names are, its cause, and who finds it."""

    says: tuple[str, ...]
    """Ways in which versions say it, each with `...` for what differs from case to case."""
    cause: str
    next: str
    rules: tuple[str, ...] = ()
    aside: bool = False
    """A log line or a warning that says nothing of the error that stands in the same text."""
    provoked_by: str = ""
    """A program on which JAX says it; the tests run it. Empty where it needs another machine or minutes."""

    @cached_property
    def _patterns(self) -> tuple[tuple[str, ...], ...]:
        return tuple(tuple(squashed(part) for part in words.split(GAP) if part.strip()) for words in self.says)

    def strength(self, text: str) -> int:
        """How many signs of the squashed text the message accounts for; 0 when it is not in it."""
        return max(_length_in_order(parts, text) for parts in self._patterns)


def squashed(text: str) -> str:
    """A pasted text without what pasting adds: colours, quotes, gutters, line breaks, blanks, upper case."""
    return _SIGNS.sub("", _GUTTER.sub("", _ANSI.sub("", text))).lower()


def best(messages: tuple[Message, ...], text: str) -> tuple[Message, ...]:
    """The messages found in a text, the one that explains most of it first; those said aside are the last."""
    flat = squashed(text)
    found = [(strength, message) for message in messages if (strength := message.strength(flat))]
    return tuple(message for _, message in sorted(found, key=lambda one: (one[1].aside, -one[0])))


def _length_in_order(parts: tuple[str, ...], text: str) -> int:
    position = 0
    for part in parts:
        position = text.find(part, position)
        if position < 0:
            return 0
        position += len(part)
    return sum(map(len, parts))
