"""Rules as people read them in a terminal: one page each, or all in a table."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from jaxaudit.report.paint import Paint, plain
from jaxaudit.report.tables import table
from jaxaudit.report.text_width import printable, width, wrap

NARROWEST_TITLE = 20
"""A title that has less room than this beside its rule's name stands below it."""

SEES = {"source": "the source", "run": "a run", "environment": "the environment"}


def explanation(document: Mapping[str, Any], columns: int = 80, paint: Paint = plain) -> str:
    """The page of one rule; for a family or a message, whose meaning comes first, the table of its rules."""
    lines: list[str] = []
    if document["message"]:
        lines += _message(document["message"], columns, paint)
    rules = document["rules"]
    if len(rules) == 1 and not document["message"]:
        lines += _page(rules[0], columns, paint)
    elif rules:
        lines += [*_rows(rules, paint, columns), "", _more(rules)]
    if document["message"] and not document["message"]["cause"] and rules:
        lines.insert(lines.index("") + 1, paint("Perhaps", "strong"))
    elif document["message"] and rules:
        names = ",".join(rule["name"] for rule in rules)
        lines += ["", paint("Find it in your code:", "strong"), f"    jaxaudit check --unsure --select {names} ."]
    if document.get("here"):
        lines += ["", *_here(document["here"], columns, paint)]
    return "\n".join(lines) + "\n"


def _more(rules: Sequence[Mapping[str, Any]]) -> str:
    if len(rules) == 1:
        return f"`jaxaudit explain {rules[0]['name']}` tells more."
    return "`jaxaudit explain RULE` tells more of one of them."


def _here(here: Mapping[str, Any], columns: int, paint: Paint) -> Iterator[str]:
    """What the rule's examples showed on the user's own JAX."""
    yield paint(f"On JAX {here['jax']}", "strong")
    yield from wrap(f"{here['python']} ({here['because']})", columns, first="  ", rest="  ")
    for claim in here["claims"]:
        text = f"{claim['label']}: `{claim['shows']}` {claim['verdict']}"
        yield from wrap(f"{text} ({claim['reason']})" if claim["reason"] else text, columns, first="  ", rest="      ")
    if not here["claims"]:
        yield "  Its examples claim nothing that a run could show."


def _message(message: Mapping[str, str], columns: int, paint: Paint) -> Iterator[str]:
    for word in [word for word in ("cause", "next") if message[word]]:
        first, *rest = wrap(message[word], columns, first=f"{word}: ", rest="       ")
        yield paint(word, "strong") + first[len(word) :]
        yield from rest
    yield ""


def _page(rule: Mapping[str, Any], columns: int, paint: Paint) -> Iterator[str]:
    yield paint(rule["name"], rule["severity"]) + f" ({rule['family']}, {rule['severity']})"
    yield from wrap(rule["title"], columns)
    example = rule["example"] or {"dont": "", "do": ""}
    for heading, text in (
        ("Don't", rule["dont"]),
        ("Do", rule["do"]),
        ("Why", rule["why"]),
        ("Fine", rule["allowed"]),
        ("What the fix may change", rule["may_break"]),
        ("How it is seen", _seen(rule)),
        ("How often it is right", rule["precision"]),
        ("Where it holds", rule["holds"]),
        ("An example with the fault", example["dont"]),
        ("The same without it", example["do"]),
        ("Next", _next(rule)),
    ):
        if text.strip():
            yield ""
            yield paint(heading, "strong")
            yield from _code(text) if _is_code(text) else _prose(text, columns)


def _next(rule: Mapping[str, Any]) -> str:
    lines = [("check", f"--unsure --select {rule['name']} ."), ("explain", f"{rule['name']} --here")]
    lines += [("fix", f"--select {rule['name']} .")] if rule["fix"] else []
    return "\n".join(f"$ jaxaudit {command} {rest}" for command, rest in lines)


def _is_code(text: str) -> bool:
    """Python, or commands; else sentences."""
    if text.startswith("$ "):
        return True
    try:
        return bool(ast.parse(text.strip("\n")).body)
    except (SyntaxError, ValueError):
        return False


def _seen(rule: Mapping[str, Any]) -> str:
    seen = f"From {' and from '.join(SEES[word] for word in rule['sees'])}."
    settled = f" {rule['settled_by']}" if rule["settled_by"] else ""
    fix = " `jaxaudit fix` can mend it." if rule["fix"] else ""
    old = f" Old names: {', '.join(rule['aliases'])}." if rule["aliases"] else ""
    return f"{seen}{settled}{fix}{old}"


def _code(text: str) -> Iterator[str]:
    """The lines, indented; a line marked `# fault` has an arrow before it instead."""
    for line in text.strip("\n").splitlines():
        bare = line.removesuffix("# fault").rstrip()
        yield f"{'  > ' if bare != line.rstrip() else '    '}{printable(bare)}".rstrip()


def _prose(text: str, columns: int) -> Iterator[str]:
    for paragraph in text.strip().split("\n\n"):
        yield from wrap(paragraph, columns, first="  ", rest="  ")


def rule_table(rules: Sequence[Mapping[str, Any]], columns: int = 80, paint: Paint = plain) -> str:
    """All rules by family; a title that is too long for the rest of its line goes on below itself."""
    return "\n".join(_rows(rules, paint, columns)) + "\n"


def _rows(rules: Sequence[Mapping[str, Any]], paint: Paint, columns: int = 80) -> Iterator[str]:
    left = table([(f"  {rule['name']}", _letters(rule), rule["severity"]) for rule in rules])
    edge = max(map(width, left), default=0) + 2
    lines = zip(left, rules, strict=True)
    for family, members in groupby(lines, key=lambda one: str(one[1]["family"])):
        yield paint(family, "strong")
        for line, rule in members:
            if columns - edge < NARROWEST_TITLE:
                yield from (line, *wrap(rule["title"], columns, first="      ", rest="      "))
            else:
                yield from wrap(rule["title"], columns, first=line.ljust(edge), rest=" " * edge)


def _letters(rule: Mapping[str, Any]) -> str:
    """S, R, E: seen from source, a run, the environment. F: there is a fix."""
    return "".join(word[0].upper() for word in rule["sees"]) + ("F" if rule["fix"] else "")


LEGEND = "S seen from source, R from a run, E from the environment, F has a fix\n"
