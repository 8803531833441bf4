"""A check as Markdown, for a pull request or a notebook."""

import re
from collections.abc import Iterator

from jaxaudit.report.counts import Document, Entry, by_rule, certain, found_line, in_order, printed
from jaxaudit.report.places import file_of, line_of
from jaxaudit.report.snippet import snippet
from jaxaudit.report.text_width import printable

COLUMNS = 100


def markdown(document: Document, unsure: bool = False, statistics: bool = False) -> str:
    """A heading, what was found, and one section for each finding with its source lines."""
    parts = ["# jaxaudit check", escaped(found_line(document)), *_unread(document), *_faults(document)]
    if statistics:
        parts += [*_rules(document), *_functions(document)]
    parts += [part for finding in in_order(printed(document, unsure)) for part in _finding(finding)]
    hidden = 0 if unsure else document["summary"]["unsure"]
    if hidden:
        them = "it" if hidden == 1 else "them"
        parts.append(f"{hidden} more would have to be settled by a run: `jaxaudit check --unsure` shows {them}.")
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, its `code` marks aside."""
    pieces = re.split(r"((?<!`)`(?!`)[^`\n]+`(?!`))", printable(" ".join(text.split())))
    return "".join(piece if i % 2 else _escape(piece) for i, piece in enumerate(pieces))


_MEANT = re.compile(r"[\\`*<|#]|~(?=~)|\](?=[(\[:])|^>|(?<![^\W_])_|_(?![^\W_])")
"""Signs that would mean something to Markdown where they stand; all others stay, so that the text can be read as it is."""


def _escape(text: str) -> str:
    return _MEANT.sub(r"\\\g<0>", text.replace("&", "&amp;"))


def code(text: str) -> str:
    """Inline code, whatever backticks the text holds."""
    text = printable(text)
    ticks = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def cell(text: str) -> str:
    """Inline code inside a table, where a bar would end the cell."""
    return code(text).replace("|", "\\|")


def fenced(text: str, language: str = "text") -> str:
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    shown = "\n".join(map(printable, text.split("\n")))
    return f"{fence}{language}\n{shown}\n{fence}"


def _finding(finding: Entry) -> Iterator[str]:
    yield f"## {finding['severity']}: {escaped(finding['rule'])} in {code(file_of(finding))}, line {finding['line']}"
    yield escaped(finding["message"])
    yield fenced("\n".join(snippet(finding, COLUMNS, lambda text, role: text)))
    if finding["help"]:
        yield f"**Instead:** {escaped(finding['help'])}"
    if not certain(finding):
        yield f"**Unsure:** confidence {finding['confidence']:.2f}; a run would settle it."
    if finding["fix"]:
        yield f"**Fix** ({finding['fix']['applicability']}): {escaped(finding['fix']['title'])}"


def _unread(document: Document) -> Iterator[str]:
    if document["unread"]:
        rows = [f"- {code(file_of(entry))}: {escaped(entry['reason'])}" for entry in document["unread"]]
        yield "Not read:\n\n" + "\n".join(rows)


def _faults(document: Document) -> Iterator[str]:
    for fault in document["faults"]:
        yield f"The rule {code(fault['rule'])} failed, its findings are missing: {escaped(fault['text'])}"


def _rules(document: Document) -> Iterator[str]:
    rows = [f"| {cell(rule)} | {sure} | {unsure} |" for rule, sure, unsure in by_rule(document)]
    if rows:
        yield "\n".join(["| rule | certain | unsure |", "|---|--:|--:|", *rows])


def _functions(document: Document) -> Iterator[str]:
    rows = [_function(function) for function in document["functions"]]
    if rows:
        yield "\n".join(
            ["| jitted function | place | wrapper | static | donated | called by |", "|---|---|---|---|---|---|", *rows]
        )


def _function(function: Entry) -> str:
    callers = [cell(f"{one['function']} ({line_of(one)})") for one in function["callers"]]
    words = [", ".join(cell(str(word)) for word in function[part]) for part in ("static", "donated")]
    place = cell(line_of(function))
    cells = (cell(function["name"]), place, cell(function["wrapper"]), *words, ", ".join(callers))
    return "| " + " | ".join(cells) + " |"
