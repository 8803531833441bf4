"""What an audit offers for a key that every turn of a comprehension uses: the number of the turn is folded into it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.imports import spell
from jaxaudit.edits.name_scopes import Names
from jaxaudit.edits.names import fresh_name
from jaxaudit.edits.nodes import COMPREHENSIONS
from jaxaudit.model.spot import Spot
from jaxaudit.rules.project import Change, Project, Refused

if TYPE_CHECKING:
    from jaxaudit.edits.source_text import SourceText
    from jaxaudit.model import Finding

TITLE = "fold the number of the turn into the key"
RISK = "Every draw of these turns is another one than before, and no two turns draw the same."


def propose(findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    """One change for each line with such a comprehension; what stands in none is left to the words of the finding."""
    lines: dict[tuple[str, int], list[Finding]] = {}
    for one in findings:
        lines.setdefault((one.place.path, one.place.line), []).append(one)
    for (path, line), group in lines.items():
        keys = [str(one.facts["key"]) for one in group if str(one.facts.get("key", "")).isidentifier()]
        if not keys:
            continue
        try:
            source = project.text(path)
            edits = folded(source, line, keys[0])
        except CannotEdit:
            continue
        at = Spot(path, line, group[0].place.function)
        yield Change(TITLE, tuple(group), at, {path: edits}, risk=RISK, changes_draws=True, touched=(at.function,))


def folded(source: SourceText, line: int, key: str) -> tuple[Edit, ...]:
    """`[f(jax.random.fold_in(key, turn)) for turn in range(9)]`. Raises CannotEdit where the key is not read once there."""
    names = Names(source)
    for node in names.evaluated_in:
        if not isinstance(node, COMPREHENSIONS) or isinstance(node, ast.DictComp) or len(node.generators) != 1:
            continue
        if not node.lineno <= line <= (node.end_lineno or node.lineno):
            continue
        reads = [one for one in ast.walk(node.elt) if isinstance(one, ast.Name) and one.id == key]
        if len(reads) != 1 or names.home(reads[0]) is node:
            continue
        turn, edits = _turn(source, node.generators[0])
        fold = spell(source, "jax.random.fold_in")
        return (*fold.edits, *edits, Edit(*source.span(reads[0]), f"{fold.text}({key}, {turn})"))
    raise CannotEdit(f"no comprehension in line {line} reads `{key}` once")


def _turn(source: SourceText, generator: ast.comprehension) -> tuple[str, list[Edit]]:
    """What counts the turns, and the edits that bring it there."""
    target, over = generator.target, generator.iter
    counts = isinstance(over, ast.Call) and isinstance(over.func, ast.Name) and over.func.id in ("range", "enumerate")
    first = target.elts[0] if isinstance(target, ast.Tuple) and target.elts else target
    if counts and isinstance(first, ast.Name):
        if first.id.strip("_"):
            return first.id, []
        turn = fresh_name(source, "turn")
        return turn, [Edit(*source.span(first), turn)]
    turn = fresh_name(source, "turn")
    start, end = source.span(over)
    head = source.start(target)
    text = f"({source.of(target)})" if isinstance(target, ast.Tuple) and source.text[head] != "(" else source.of(target)
    return turn, [
        Edit(*source.span(target), f"{turn}, {text}"), Edit(start, start, "enumerate("), Edit(end, end, ")"),
    ]  # fmt: skip
