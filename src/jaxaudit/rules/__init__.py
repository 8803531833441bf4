"""The rules: one file each in its family's folder. There is no list of them; the folders are the list."""

from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path

from jaxaudit.rules.rule import Example, Rule, Sample

__all__ = ["Example", "Rule", "Sample", "load_rules"]


@cache
def load_rules() -> dict[str, Rule]:
    """Every rule by its name, in the order of families and names. Files without a `RULE` are a family's own tools."""
    found: dict[str, Rule] = {}
    for file in sorted(Path(__file__).parent.glob("*/[!_]*.py")):
        module = import_module(f"{__name__}.{file.parent.name}.{file.stem}")
        rule = getattr(module, "RULE", None)
        if rule is not None:
            found[_name(rule, file)] = replace(rule, family=file.parent.name.replace("_", "-"))
    return found


def _name(rule: Rule, file: Path) -> str:
    """The rule's name, which is its file's name too, so that either finds the other."""
    if rule.name != file.stem.replace("_", "-"):
        raise ValueError(f"{file.name} holds the rule {rule.name!r}: the file and the rule must have one name")
    return rule.name
