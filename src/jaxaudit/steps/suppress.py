"""Suppression comments: `# jaxaudit: allow jit-in-loop` on the line, `# jaxaudit: allow-file key-reuse` anywhere."""

import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from jaxaudit.model import Finding, Fix, Place
from jaxaudit.model.mistake import nearest
from jaxaudit.steps.selection import Rules, known_words, named

RULE = "unused-suppression"
MARK = b"jaxaudit:"
WORD = re.compile(
    r"#\s*jaxaudit:\s*(?P<verb>[\w-]*)[ \t]*(?P<names>[^#(]*?)[ \t]*(?P<reason>(?:--|\()[^#]*?)?[ \t]*(?=#|$)"
)


@dataclass(slots=True)
class Suppression:
    """One comment: what it allows, and on which lines. `used` collects the names that met a finding."""

    place: Place
    verb: str
    names: tuple[str, ...]
    first: int
    last: int
    used: set[str] = field(default_factory=set)

    def covers(self, finding: Finding) -> bool:
        """A finding that starts on the statement's lines, or ends on the comment's own line."""
        if self.verb == "allow-file":
            return True
        place = finding.place
        return self.first <= place.line <= self.last or place.end_line == self.place.line


def suppressions(path: str, data: bytes, cells: Sequence[int] = ()) -> list[Suppression]:
    """The comments of one file that speak to jaxaudit. Reads real comments only; tolerates what does not tokenize.

    `cells` holds a notebook's cell for each line: a comment that ends its cell does not speak for the next one.
    """
    if MARK not in data:
        return []
    found: list[Suppression] = []
    for comment, first, last in _comments(data):
        own = comment.start[0]
        if cells and cells[own - 1] != cells[first - 1]:
            first = last = own
        found += [
            Suppression(_place(path, comment, said), said["verb"], _names(said["names"]), first, last)
            for said in WORD.finditer(comment.string)
        ]
    return found


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in re.split(r"[,\s]+", text) if name)


def _place(path: str, comment: tokenize.TokenInfo, said: "re.Match[str]") -> Place:
    line, column = comment.start
    return Place(path, line, column + said.start() + 1, line, column + said.end() + 1)


def _comments(data: bytes) -> Iterator[tuple[tokenize.TokenInfo, int, int]]:
    """Each comment of ours with the lines that it speaks for.

    At the end of a statement's first or last line it speaks for the whole statement, inside for its own line, and alone
    on its line for the statement that follows.
    """
    waiting: list[tokenize.TokenInfo] = []
    alone: list[tokenize.TokenInfo] = []
    start = 0
    for token in _tokens(data):
        if token.type == tokenize.COMMENT:
            if "jaxaudit:" in token.string:
                (waiting if start or token.line[: token.start[1]].strip() else alone).append(token)
        elif token.type == tokenize.NEWLINE:
            first, last = start, token.start[0]
            for comment in waiting:
                whole = comment.start[0] in (first, last)
                yield (comment, first, last) if whole else (comment, comment.start[0], comment.start[0])
            yield from ((comment, first, last) for comment in alone)
            waiting, alone, start = [], [], 0
        elif token.type not in (tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER):
            start = start or token.start[0]
    yield from ((comment, comment.start[0], comment.start[0]) for comment in (*waiting, *alone))


def _tokens(data: bytes) -> Iterator[tokenize.TokenInfo]:
    try:
        yield from tokenize.tokenize(io.BytesIO(data).readline)
    except (tokenize.TokenError, SyntaxError, UnicodeError):
        return


def apply(findings: Iterable[Finding], marks: Mapping[str, list[Suppression]], rules: Rules) -> list[Finding]:
    """Effect: notes in each mark what it was used for. Returns the findings that no comment allows."""
    return [finding for finding in findings if not _allowed(finding, marks.get(finding.place.path, ()), rules)]


def _allowed(finding: Finding, marks: Iterable[Suppression], rules: Rules) -> bool:
    allowed = False
    for mark in marks:
        if mark.verb not in ("allow", "allow-file") or not mark.covers(finding):
            continue
        for name in mark.names:
            if finding.rule == name or finding.rule in named(name, rules):
                mark.used.add(name)
                allowed = True
    return allowed


def unused(marks: Iterable[Suppression], rules: Rules, selected: frozenset[str]) -> Iterator[Finding]:
    """A finding for every comment, or name in it, that allows nothing. Silent about rules that were not looked for."""
    for mark in marks:
        said = [sentence for sentence in _faults(mark, rules, selected) if sentence]
        if said:
            yield _finding(mark, said)


def _faults(mark: Suppression, rules: Rules, selected: frozenset[str]) -> Iterator[str]:
    if mark.verb not in ("allow", "allow-file"):
        yield f"`jaxaudit: {mark.verb}` means nothing; write `jaxaudit: allow RULE`"
        return
    if not mark.names:
        yield f"`jaxaudit: {mark.verb}` names no rule, so it allows nothing"
    for name in mark.names:
        meant = named(name, rules)
        if not meant:
            yield f"it names {name!r}, which is no rule{nearest(name, known_words(rules))}"
        elif name not in mark.used and meant <= _looked_for(rules, selected):
            yield f"no finding of {name!r} stands {'in this file' if mark.verb == 'allow-file' else 'here'}"


def _looked_for(rules: Rules, selected: frozenset[str]) -> frozenset[str]:
    return frozenset(name for name in selected if "source" in rules[name].sees)


def _finding(mark: Suppression, said: list[str]) -> Finding:
    needed = sorted(mark.used) if mark.verb in ("allow", "allow-file") else []
    return Finding(
        rule=RULE,
        title="a suppression that suppresses nothing",
        message=f"this suppression is not needed: {', and '.join(said)}",
        severity="warning",
        confidence=1.0,
        place=mark.place,
        facts={"verb": mark.verb, "names": list(mark.names), "needed": needed},
        help=f"leave only {', '.join(needed)} in the comment" if needed else "remove the comment",
        fix=Fix("safe", "remove what the comment does not need"),
    )
