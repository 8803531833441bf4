"""What a loop calls with its index and its function is handed from outside (`forcing(month)`): written as one turn, the index is a
tracer, and each that the project hands in must take one. The run saw some of them only.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.name_scopes import Names
from jaxaudit.edits.names import parameters_of
from jaxaudit.edits.nodes import FUNCTIONS
from jaxaudit.model import Place
from jaxaudit.source import values as v
from jaxaudit.source.provenance import roots

if TYPE_CHECKING:
    from jaxaudit.edits import SourceText
    from jaxaudit.edits.nodes import Function
    from jaxaudit.rules.project import Project


def must_all_take_tracers(project: Project, source: SourceText, loop: ast.For) -> None:
    """CannotEdit where several callables are handed in, and so some that were not tried."""
    names = Names(source)
    turn = {one.id for one in ast.walk(loop.target) if isinstance(one, ast.Name)}
    for node in ast.walk(loop):
        if not isinstance(node, ast.Call) or not any(_is_of_turn(one, turn) for one in (*node.args, *node.keywords)):
            continue
        for home, parameter in _handed_to(names, node.func):
            found = dict(_handed_in(project, source, home, parameter))
            if len(found) > 1:
                place = list(found.values())[-1]
                raise CannotEdit(
                    f"`{source.of(node)[:60]}` is handed the turn's index, and {len(found)} places hand in a `{parameter}` "
                    f"({os.path.normpath(place.path)}:{place.line}): one that wants a number of Python's would raise an error"
                )


def _is_of_turn(node: ast.AST, words: set[str]) -> bool:
    """The index, or a number worked out of it: not what something else makes of it, an array perhaps."""
    match node:
        case ast.Name(id=name):
            return name in words
        case ast.BinOp() | ast.UnaryOp() | ast.Tuple() | ast.keyword():
            return any(_is_of_turn(one, words) for one in ast.iter_child_nodes(node))
    return False


def _handed_to(names: Names, func: ast.expr) -> Iterator[tuple[Function, str]]:
    """The function and its parameter that a called name is, or that an attribute of `self` was made of."""
    home = names.home(func) if isinstance(func, ast.Name) else None
    if isinstance(func, ast.Name) and isinstance(home, FUNCTIONS) and _takes(home, func.id):
        yield home, func.id
    match func:
        case ast.Attribute(value=ast.Name(id="self"), attr=attr):
            owner = next((one for one in names.parents(func) if isinstance(one, ast.ClassDef)), None)
        case _:
            return
    for node in ast.walk(owner) if owner is not None else ():
        match node:
            case ast.Assign(
                targets=[ast.Attribute(value=ast.Name(id="self"), attr=bound)], value=ast.Name(id=word) as value
            ) if bound == attr:
                maker = names.home(value)
                if isinstance(maker, FUNCTIONS) and _takes(maker, word):
                    yield maker, word


def _takes(function: Function, name: str) -> bool:
    return any(one.arg == name for one in parameters_of(function))


def _handed_in(project: Project, source: SourceText, home: Function, parameter: str) -> Iterator[tuple[object, Place]]:
    """What the project hands in for it, each once, with a place."""
    program = project.program
    for unit in list(program.graph.linked_functions):
        if unit.name != home.name or unit.line != home.lineno or os.path.normpath(unit.module.path) != source.path:
            continue
        for call, value in program.graph.sources(unit, parameter):
            if call is None or call.flow is None:
                continue
            place = program.place(call.flow, call.expr)
            for root in roots(program, value) or (value,):
                which = root.function if isinstance(root, v.FunctionValue) else (place.path, place.line)
                yield which, place
