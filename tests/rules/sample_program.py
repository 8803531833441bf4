"""One sample as a program that rules can look at."""

import re

from jaxaudit.model import Finding
from jaxaudit.rules import Rule
from jaxaudit.source.program import Program
from jaxaudit.source.reading import read_program
from jaxaudit.steps.check import Options, find
from jaxaudit.steps.flag_judge import flag_judge

PATH = "project/sample.py"
MARK = re.compile(r"[ \t]*# fault$", re.MULTILINE)


def program(code: str) -> Program:
    read = read_program([PATH], overlay={PATH: code.encode()}, context=False)
    assert not read.unread, read.unread
    read.flags = flag_judge(None, None)
    return read


def findings(rule: Rule, code: str) -> list[Finding]:
    if rule.family == "suppressions":  # what comments allow is known only after every rule was asked
        found = find([], Options(stdin=(PATH, code.encode()), cached=False)).news
        return [one for one in found if one.rule == rule.name]
    return [one for one in rule.match(program(code)) if one.rule == rule.name]


def marked_lines(code: str) -> set[int]:
    return {number for number, line in enumerate(code.splitlines(), 1) if MARK.search(line)}


def without_marks(code: str) -> str:
    return MARK.sub("", code)
