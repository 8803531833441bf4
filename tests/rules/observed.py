"""What one rule sees in a record written by hand."""

from pathlib import Path
from typing import Any

from evidence.records import start, write
from jaxaudit.evidence import read_record
from jaxaudit.model import Finding
from jaxaudit.rules import load_rules


def seen(folder: Path, name: str, *rows: dict[str, Any]) -> list[Finding]:
    """The findings of the rule, and of no other: each recompilation belongs to one rule only."""
    found = every(folder, *rows)
    return [one for one in found if one.rule == name]


def every(folder: Path, *rows: dict[str, Any]) -> list[Finding]:
    evidence = read_record(write(folder, *start(folder), *rows), folder)
    return [one for rule in load_rules().values() if rule.observe for one in rule.observe(rule, evidence)]


def only(folder: Path, name: str, *rows: dict[str, Any]) -> Finding:
    """The one finding that there is, which is the rule's."""
    (one,) = every(folder, *rows)
    assert one.rule == name, one.message
    assert one.source == "run"
    assert one.message and one.help
    return one
