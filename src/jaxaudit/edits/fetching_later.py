"""`cost = float(cost)` in every turn, read only under `if turn % 100 == 0`: the fetch goes to where it is read."""

import ast
from collections.abc import Sequence

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.fetches import LOOPS, fetch_of
from jaxaudit.edits.name_scopes import Names
from jaxaudit.edits.names import bound_in
from jaxaudit.edits.nodes import block_of
from jaxaudit.edits.source_text import SourceText
from jaxaudit.edits.statements import insert_before, remove_statement


def fetched_where_read(source: SourceText, line: int) -> tuple[tuple[Edit, ...], list[int]]:
    """The statement of a line that does nothing but fetch, at the beginning of each branch that reads what it fetched; and the
    lines of these branches. CannotEdit where each turn reads it, or what stands behind the loop.
    """
    names = Names(source)
    found = [
        one for one in ast.walk(source.tree)
        if isinstance(one, ast.Assign) and one.lineno <= line <= (one.end_lineno or one.lineno) and _only_fetches(source, one)
    ]  # fmt: skip
    if len(found) != 1 or len(found[0].targets) != 1:
        raise CannotEdit("no statement in that line does nothing but fetch")
    [statement] = found
    loops = [one for one in names.loops_around(statement) if isinstance(one, LOOPS)]
    if not loops:
        raise CannotEdit("no loop of the same function stands around it")
    block = block_of(source, statement)
    later = block[block.index(statement) + 1 :]
    branches = _branches(names, statement, loops[-1], later)
    edits = [edit for one in branches for edit in insert_before(source, one.body[0], source.of(statement))]
    return (*remove_statement(source, statement), *edits), [one.lineno for one in branches]


def _only_fetches(source: SourceText, statement: ast.Assign) -> bool:
    value = statement.value
    return all(
        isinstance(one, ast.Call) and fetch_of(source, one) is not None
        for one in (value.elts if isinstance(value, ast.Tuple) else [value])
    )


def _branches(names: Names, statement: ast.Assign, loop: ast.AST, later: Sequence[ast.stmt]) -> list[ast.If]:
    """Those behind it, in its own block, that read it; nothing else does, and what it reads stays as it is until then."""
    target = statement.targets[0]
    parts = target.elts if isinstance(target, ast.Tuple) else [target]
    found: dict[ast.If, None] = {}
    for part in parts:
        home = names.home(part) if isinstance(part, ast.Name) else None
        if not isinstance(part, ast.Name) or home is None or home is not names.scope_of(loop):
            raise CannotEdit("it is kept under no plain name")
        for use in names.uses(home, part.id):
            is_read = isinstance(use.ctx, ast.Load) or isinstance(names.parent[use], ast.AugAssign)
            if not is_read or names.is_within(use, statement):
                continue
            branch = next((one for one in later if isinstance(one, ast.If) and _in_body(names, use, one)), None)
            if branch is None or names.function_around(use) is not names.function_around(statement):
                raise CannotEdit(f"`{part.id}` is read in line {use.lineno} as well")
            found[branch] = None
    if not found:
        raise CannotEdit("nothing reads it")
    read = {one.id for one in ast.walk(statement) if isinstance(one, ast.Name)}
    last = max(later.index(one) for one in found)
    for one in later[:last]:
        if read & bound_in(one):
            raise CannotEdit(f"line {one.lineno} binds what it reads")
    for branch in found:
        if branch.body[0].lineno == branch.lineno:
            raise CannotEdit("the branch stands on one line")
    return list(found)


def _in_body(names: Names, use: ast.AST, branch: ast.If) -> bool:
    return any(names.is_within(use, one) for one in branch.body)
