"""The fix for a key from around a scan's body: the number of the step is folded into it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxaudit.edits import Edit, SourceText
    from jaxaudit.edits.name_scopes import FunctionNode, Names
    from jaxaudit.model import Finding
    from jaxaudit.rules.random_numbers.spent_key import Spent
    from jaxaudit.source.callgraph import Handed

TITLE = "fold the number of the step into the key"
LOOPS = {"scan": 1, "fori_loop": 0}
"""Which parameter of the body tells the turns apart."""


def can_fold(handed: Handed, one: Spent) -> bool:
    """A plain name, in the body of a loop that counts its turns, or runs over something."""
    loop = handed.use is not None and handed.use.short.rpartition(".")[2] in LOOPS
    return loop and one.inner is None and one.expr is not None and one.expr[0] == "n" and not one.within


def mend(finding: Finding, source: SourceText) -> tuple[Edit, ...]:
    """`jax.random.fold_in(key, step)` where the body reads the key; a scan over nothing runs over its steps."""
    from jaxaudit.edits import CannotEdit, expression_at, replace, spell
    from jaxaudit.edits.name_scopes import Names

    names = Names(source)
    key = str(finding.facts["key"])
    at = expression_at(source, finding.place)
    body = names.function_around(at)
    if body is None:
        raise CannotEdit("the body of the loop was not found")
    reads = [one for one in ast.walk(body) if isinstance(one, ast.Name) and one.id == key]
    if len(reads) != 1 or not isinstance(reads[0].ctx, ast.Load) or names.function_around(reads[0]) is not body:
        raise CannotEdit(f"`{key}` is read {len(reads)} times in the body: each draw needs a part of its own")
    loop = _loop_at(names, finding.notes[0].place.line, body)
    step, edits = _step(source, names, loop, body)
    fold = spell(source, "jax.random.fold_in")
    return (*fold.edits, *edits, *replace(source, reads[0], f"{fold.text}({key}, {step})"))


def _loop_at(names: Names, line: int, body: FunctionNode) -> ast.Call:
    from jaxaudit.edits import CannotEdit

    for node in names.evaluated_in:
        if isinstance(node, ast.Call) and node.lineno <= line <= (node.end_lineno or 0) and node.args:
            if isinstance(node.func, ast.Attribute | ast.Name) and _word(node.func) in LOOPS:
                handed = node.args[2] if _word(node.func) == "fori_loop" and len(node.args) > 2 else node.args[0]
                if handed is body or (isinstance(handed, ast.Name) and handed.id == getattr(body, "name", None)):
                    return node
    raise CannotEdit("the loop that runs the body was not found")


def _word(func: ast.Attribute | ast.Name) -> str:
    return func.attr if isinstance(func, ast.Attribute) else func.id


def _step(source: SourceText, names: Names, loop: ast.Call, body: FunctionNode) -> tuple[str, list[Edit]]:
    """What counts the turns inside the body, and the edits that bring it there."""
    from jaxaudit.edits import CannotEdit, Edit, fresh_name, qualified_name, spell
    from jaxaudit.edits.arguments import keyword_of

    kind = _word(loop.func)  # type: ignore[arg-type]
    given = [one.arg for one in (*body.args.posonlyargs, *body.args.args)]
    if len(given) != 2:
        raise CannotEdit("the body does not take two arguments")
    name = given[LOOPS[kind]]
    if any(isinstance(one, ast.Name) and one.id == name and isinstance(one.ctx, ast.Store) for one in ast.walk(body)):
        raise CannotEdit(f"the body rebinds `{name}`")
    if kind == "fori_loop":
        return name, []
    word = keyword_of(loop, "xs")
    xs = loop.args[2] if len(loop.args) > 2 else word.value if word else None
    if isinstance(xs, ast.Call) and (qualified_name(source, xs.func) or "").rpartition(".")[2] == "arange":
        return name, []
    length = keyword_of(loop, "length")
    if xs is not None and not (isinstance(xs, ast.Constant) and xs.value is None):
        raise CannotEdit(
            "the scan runs over values that do not count its steps: split the key, and scan over its parts too"
        )
    if length is None or xs is None:
        raise CannotEdit("how many steps the scan makes is not written there")
    arange = spell(source, "jax.numpy.arange")
    edits = [*arange.edits, Edit(*source.span(xs), f"{arange.text}({source.of(length.value)})")]
    if name.strip("_"):
        return name, edits
    step = fresh_name(source, "step")
    parameter = next(one for one in body.args.args if one.arg == name)
    return step, [*edits, Edit(*source.span(parameter), step)]
