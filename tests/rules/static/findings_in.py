"""What one rule of this family says of a small program."""

from collections.abc import Mapping
from importlib import import_module

from jaxaudit.model import Finding
from programs import program_of


def findings_in(rule: str, source: str | Mapping[str, str]) -> list[Finding]:
    """Most certain first. The usual imports stand in front of a program of one file."""
    found = import_module(f"jaxaudit.rules.static.{rule.replace('-', '_')}").RULE.match(program_of(source))
    return sorted(found, key=lambda one: -one.confidence)


def said(found: list[Finding]) -> list[str]:
    return [f"{one.place.line} {one.place.function}: {one.message} ({one.confidence})" for one in found]
