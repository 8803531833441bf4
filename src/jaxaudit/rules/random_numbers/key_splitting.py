"""The fix: a key is split before its first use, and each use gets a part of its own."""

from __future__ import annotations

import ast
import keyword
import re
from typing import TYPE_CHECKING

from jaxaudit.model import Finding
from jaxaudit.rules.random_numbers import key_folding

if TYPE_CHECKING:
    from jaxaudit.edits import Edit, SourceText
    from jaxaudit.rules.random_numbers.spent_key import Spent
    from jaxaudit.source.scopes import Function

TITLE = "split the key before its first use"


def in_one_block(first: Spent, second: Spent) -> bool:
    """Two uses of a plain name in the same statements, one after the other."""
    if not (plain(first) and plain(second)) or first.expr[1] != second.expr[1] or first.how == "fold":
        return False
    return first.call.loops == second.call.loops and first.path == second.path


def plain(one: Spent) -> bool:
    """A use of a name of the function's own, which an assignment before the statement can renew."""
    flow = one.call.flow
    return (
        one.inner is None
        and one.expr is not None
        and one.expr[0] == "n"
        and not one.within
        and not any(step.mark == "each" and step.loop is None for step in one.origin.steps)
        and all(loop.kind != "comprehension" for loop in one.call.loops)
        and flow.function.name != "<lambda>"
        and one.expr[1] in flow.bindings
        and one.expr[1] not in flow.declared
    )


def needed_later(last: Spent) -> bool:
    """Whether the name is read again after its last use as a key, perhaps by a nested function."""
    flow = last.call.flow
    name = last.expr[1]
    if any(use.name == name and use.order > last.call.order for use in flow.uses):
        return True
    nested = [inner for inner in flow.function.module.functions if within(inner, flow.function)]
    return any(name in inner.flow.frees for inner in nested)


def within(inner: Function, outer: Function) -> bool:
    here = inner.parent
    while here is not None and here is not outer:
        here = here.parent
    return here is outer or outer.is_module


def mend(finding: Finding, source: SourceText) -> tuple[Edit, ...]:
    """`key, normal_key = jax.random.split(key)` before the first use, and the new names in the uses."""
    if finding.facts.get("fold"):
        return key_folding.mend(finding, source)
    from jaxaudit.edits import CannotEdit, expression_at, insert_before, replace, spell, statement_of
    from jaxaudit.edits.nodes import LOOPS

    name = finding.facts["key"]
    in_turns = "loop_line" in finding.facts
    places = [finding.place] if in_turns else [finding.notes[0].place, finding.place]
    places += [] if in_turns else [note.place for note in finding.notes[1 : 1 + finding.facts["more"]]]
    nodes = [expression_at(source, place) for place in places]
    if any(not isinstance(node, ast.Name) or node.id != name for node in nodes):
        raise CannotEdit(f"`{name}` is not what stands there any more")
    statement = statement_of(source, nodes[0])
    if in_turns and isinstance(statement, LOOPS):
        raise CannotEdit("the key is used in the head of the loop")
    by = [finding.facts["second"]] if in_turns else finding.facts["by"]
    kept = in_turns or finding.facts["kept"]
    parts: list[str] = []
    edits: list[Edit] = []
    for node, user in zip(nodes, by):
        if user == "split" and not in_turns and user not in by[: nodes.index(node)]:
            kept = True
            continue  # a split that stands there already takes what is left of the key
        part = fresh(source, part_name(name, user), parts)
        parts.append(part)
        edits += replace(source, node, part)
    names = [name, *parts] if kept else parts
    split = spell(source, "jax.random.split")
    count = f", {len(names)}" if len(names) != 2 else ""
    line = f"{', '.join(names)} = {split.text}({name}{count})"
    return (*split.edits, *insert_before(source, statement, line), *edits)


def part_name(name: str, user: str) -> str:
    word = re.sub(r"\W", "", user.rpartition(".")[2]).strip("_").lower()
    last = "rng" if "rng" in name else "key"
    return f"{word}_{last}" if word.isidentifier() and not keyword.iskeyword(word) else f"new_{last}"


def fresh(source: SourceText, hint: str, taken: list[str]) -> str:
    from jaxaudit.edits import fresh_name

    found = fresh_name(source, hint)
    number = 2
    while found in taken:
        found = fresh_name(source, f"{hint}_{number}")
        number += 1
    return found
