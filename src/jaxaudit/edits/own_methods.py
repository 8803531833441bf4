"""Methods of its object that code calls or hands on: when it moves, they move along as local functions."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.name_scopes import Names
from jaxaudit.edits.names import fresh_name
from jaxaudit.edits.nodes import FUNCTIONS, last_word


@dataclass(slots=True)
class Methods:
    """The methods, what each is called where it has moved, and the places that name one (`self.loss`)."""

    found: dict[ast.FunctionDef, str] = field(default_factory=dict)
    references: dict[ast.Attribute, ast.FunctionDef] = field(default_factory=dict)
    static: dict[ast.Attribute, str] = field(default_factory=dict)
    """Static methods stay where they are: `self.mix` becomes `Lake.mix`."""

    def is_of_object(self, names: Names, node: ast.Name) -> bool:
        """`self` in one of them."""
        return node.id == "self" and names.home(node) in self.found

    def names_one(self, names: Names, node: ast.AST) -> bool:
        """The `self` of a `self.loss` that becomes `loss`."""
        above = names.parent.get(node)
        return above in self.references or above in self.static

    def edits(self, names: Names) -> list[Edit]:
        """Without `self`: in their parameters, and where they are named."""
        source = names.source
        edits = [Edit(*source.span(node), self.found[one]) for node, one in self.references.items()]
        edits += [Edit(*source.span(node), text) for node, text in self.static.items()]
        for one, name in self.found.items():
            given = [*one.args.posonlyargs, *one.args.args]
            start = source.start(given[0])
            edits.append(Edit(start, source.start(given[1]) if len(given) > 1 else source.end(given[0]), ""))
            if name != one.name:
                at = source.text.index(one.name, source.start(one) + len("def"))
                edits.append(Edit(at, at + len(one.name), name))
        return edits


def methods_of(names: Names, parts: Sequence[ast.AST]) -> Methods:
    """The plain methods that the parts name, and those that these name. CannotEdit where a subclass may bring another."""
    methods = Methods()
    owner = _owner(names, parts[0]) if parts else None
    if owner is None:
        return methods
    cls, around = owner
    plain = {one.name: one for one in cls.body if isinstance(one, ast.FunctionDef) and _is_plain(one)}
    static = {one.name for one in cls.body if isinstance(one, ast.FunctionDef) and _is_static(one)}
    waiting = list(parts)
    while waiting:
        part = waiting.pop()
        for node in ast.walk(part):
            match node:
                case ast.Attribute(value=ast.Name(id="self") as base, attr=attr) if attr in static:
                    if names.home(base) is around or names.home(base) in methods.found:
                        _must_be_the_only(names, cls, attr)
                        methods.static[node] = f"{cls.name}.{attr}"
                case ast.Attribute(value=ast.Name(id="self") as base, attr=attr) if attr in plain:
                    if names.home(base) is not around and names.home(base) not in methods.found:
                        continue
                    method = plain[attr]
                    methods.references[node] = method
                    if method not in methods.found:
                        _must_be_the_only(names, cls, attr)
                        methods.found[method] = attr
                        waiting += method.body
    for one in methods.found:
        methods.found[one] = _free_name(names, one, [*parts, *methods.found])
    return methods


def _owner(names: Names, part: ast.AST) -> tuple[ast.ClassDef, ast.AST] | None:
    for one in (part, *names.parents(part)):
        above = names.parent.get(one)
        if isinstance(one, ast.FunctionDef) and isinstance(above, ast.ClassDef):
            given = [*one.args.posonlyargs, *one.args.args]
            return (above, one) if given and given[0].arg == "self" else None
    return None


def _is_plain(node: ast.FunctionDef) -> bool:
    if node.decorator_list:
        return False
    given = [*node.args.posonlyargs, *node.args.args]
    waits = (ast.Yield, ast.YieldFrom, ast.Nonlocal, ast.Global)
    return bool(given) and given[0].arg == "self" and not any(isinstance(one, waits) for one in ast.walk(node))


def _is_static(node: ast.FunctionDef) -> bool:
    return [one.id for one in node.decorator_list if isinstance(one, ast.Name)] == ["staticmethod"]


def _must_be_the_only(names: Names, cls: ast.ClassDef, attr: str) -> None:
    for node in names.evaluated_in:
        if isinstance(node, ast.ClassDef) and node is not cls:
            is_child = any(
                isinstance(one, ast.Name | ast.Attribute) and last_word(one) == cls.name for one in node.bases
            )
            if is_child and any(isinstance(one, FUNCTIONS) and one.name == attr for one in node.body):
                raise CannotEdit(f"`{node.name}` has another `{attr}`")
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load) and node.attr == attr:
            raise CannotEdit(f"`{attr}` is assigned in line {node.lineno}")


def _free_name(names: Names, method: ast.FunctionDef, moved: Sequence[ast.AST]) -> str:
    short = method.name.strip("_") or method.name
    taken = {
        word
        for part in moved
        for node in ast.walk(part)
        for word in (getattr(node, "id", None), node.arg if isinstance(node, ast.arg) else None)
        if word
    }
    return short if short not in taken else fresh_name(names.source, f"{short}_function")
