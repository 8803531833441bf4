"""A check as people read it in a terminal."""

from collections.abc import Iterator
from typing import Any

from jaxaudit.report.counts import Document, Entry, by_rule, certain, found_line, in_order, number, printed
from jaxaudit.report.paint import Paint, plain
from jaxaudit.report.places import file_of, line_of, order_of
from jaxaudit.report.snippet import snippet
from jaxaudit.report.tables import table
from jaxaudit.report.text_width import printable, width, wrap


def findings(document: Document, columns: int = 80, paint: Paint = plain, unsure: bool = False) -> str:
    """Every finding with its source lines, one empty line after each."""
    return "".join(f"{finding_text(one, columns, paint)}\n\n" for one in in_order(printed(document, unsure)))


def finding_text(finding: Entry, columns: int = 80, paint: Paint = plain) -> str:
    return "\n".join(
        [*_head(finding, columns, paint), *snippet(finding, columns, paint), *_foot(finding, columns, paint)]
    )


def _head(finding: Entry, columns: int, paint: Paint) -> Iterator[str]:
    name = f"{finding['severity']}[{finding['rule']}]"
    first, *rest = wrap(finding["message"], columns, first=f"{name}: ", rest="  ")
    yield paint(name, finding["severity"]) + paint(first[len(name) :], "strong")
    yield from (paint(line, "strong") for line in rest)


def _foot(finding: Entry, columns: int, paint: Paint) -> Iterator[str]:
    margin = " " * (len(str(max(place["line"] for place in (finding, *finding["notes"])))) + 1)
    for word, text in _advice(finding):
        lead = f"{margin}= {word}: "
        first, *rest = wrap(text, columns, first=lead, rest=" " * len(lead))
        yield f"{margin}{paint('=', 'gutter')} {paint(word + ':', 'strong')}{first[len(lead) - 1 :]}"
        yield from rest


def _advice(finding: Entry) -> Iterator[tuple[str, str]]:
    if finding["help"]:
        yield "help", finding["help"]
    if not certain(finding):
        needs = f" ({', '.join(word.replace('_', ' ') for word in finding['needs'])})" if finding["needs"] else ""
        yield "unsure", f"confidence {finding['confidence']:.2f}; a run would settle it{needs}"
    if finding["fix"]:
        flag = " --unsafe" if finding["fix"]["applicability"] == "unsafe" else ""
        yield "fix", f"{finding['fix']['title']}: `jaxaudit fix{flag}` shows the change"


def summary(document: Document, columns: int = 80, paint: Paint = plain, unsure: bool = False) -> str:
    """The last lines: what was found, what could not be read, and what to do next."""
    found = [paint(line, "strong") for line in wrap(found_line(document), columns, rest="  ")]
    more = [line for sentence in _sentences(document, unsure) for line in wrap(sentence, columns, rest="  ")]
    return "".join(f"{line}\n" for line in found) + gaps(document, columns) + "".join(f"{line}\n" for line in more)


def gaps(document: Document, columns: int = 80) -> str:
    """What was not looked at: the files that could not be read, and the rules that failed."""
    lines: list[str] = []
    for entry in document["unread"]:
        lines += wrap(f"not read: {file_of(entry)}: {entry['reason']}", columns, rest="  ")
    for entry in document["faults"]:
        lines += wrap(_fault(entry), columns, rest="  ")
    return "".join(f"{line}\n" for line in lines)


def circumstances(document: Document) -> str:
    """What governed the check: for `--verbose`."""
    here, sums = document["environment"], document["summary"]
    return (
        f"jaxaudit {here['tool']}, Python {here['python']}\n"
        f"configuration: {printable(here['configuration'] or 'none')}\n"
        f"{number(sums['suppressed'], 'finding')} allowed by comments\n"
    )


def _fault(entry: Entry) -> str:
    return (
        f"the rule {entry['rule']} failed, so its findings are missing; this is a fault of jaxaudit, please report it: "
        f"{entry['text']}"
    )


def _sentences(document: Document, unsure: bool) -> Iterator[str]:
    sums = document["summary"]
    if not sums["files"]:
        yield "No Python file was found there, so nothing was checked."
    if sums["unsure"] and not unsure:
        them = "it" if sums["unsure"] == 1 else "them"
        yield f"{number(sums['unsure'], 'suspicion')} that a run would have to settle: --unsure shows {them}."
    if sums["known"]:
        yield f"{number(sums['known'], 'finding')} known from the baseline."
    fixes = [finding["fix"]["applicability"] for finding in printed(document, unsure) if finding["fix"]]
    if fixes:
        unsafe = fixes.count("unsafe")
        them = "it" if len(fixes) == 1 else "all" if unsafe == len(fixes) else f"{unsafe} of them"
        more = f" ({them} may change behaviour: --unsafe)" if unsafe else ""
        yield f"`jaxaudit fix` can mend {number(len(fixes), 'finding')}{more}."
    rules = sorted({finding["rule"] for finding in printed(document, unsure)})
    if rules:
        one = rules[0] if len(rules) == 1 else "RULE"
        yield f"`jaxaudit explain {one}` tells more{' of each of these rules' if len(rules) > 1 else ''}."


def statistics(document: Document, columns: int = 80, paint: Paint = plain) -> str:
    """Findings by rule, then every jitted function with its callers."""
    rows = [(rule, str(sure), str(unsure)) for rule, sure, unsure in by_rule(document)]
    lines: list[str] = []
    if rows:
        head, *body = table([("rule", "certain", "unsure"), *rows], right=(1, 2))
        lines += [paint(head, "strong"), *body, ""]
    functions = document["functions"]
    if functions:
        lines += [paint(f"{number(len(functions), 'jitted function')}:", "strong")]
        for function in sorted(functions, key=lambda one: (*order_of(one), one["name"])):
            lines += _function(function, columns, paint)
        lines.append("")
    return "\n".join(lines) + ("\n" if lines else "")


def _function(function: dict[str, Any], columns: int, paint: Paint) -> Iterator[str]:
    """Its name, wrapper and place, its static and donated arguments, and who calls it from where."""
    where = printable(line_of(function))
    name = printable(function["name"])
    space = " " * max(2, columns - 2 - width(name) - width(where) - width(function["wrapper"]) - 2)
    yield f"  {paint(name, 'strong')}  {function['wrapper']}{space}{paint(where, 'faint')}"
    for word in ("static", "donated"):
        if function[word]:
            yield from wrap(f"{word}: {', '.join(map(str, function[word]))}", columns, "    ", "      ")
    callers = ", ".join(f"{one['function']} ({line_of(one)})" for one in function["callers"])
    yield from wrap(f"called by {callers}" if callers else "not called in these files", columns, "    ", "      ")
