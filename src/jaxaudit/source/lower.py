"""From a parsed tree to the facts of one file, in one pass; the tree is not needed afterwards.

`docs/decisions/0006-facts-not-trees.md` says what each tuple holds; `lower_expressions.py` is the half that statements rest on.
"""

import ast
import marshal
from collections.abc import Callable
from typing import Any

from jaxaudit.source.facts import REBINDS
from jaxaudit.source.lower_expressions import EXPRESSIONS, Expressions

FACTS_VERSION = 3
"""Part of the cache's key: facts of another version are not read."""

Facts = tuple[Any, ...]


def lower(tree: ast.Module) -> Facts:
    """The facts of one module: plain tuples without cycles, ready to be pickled."""
    return _Lowering().module(tree)


def pack(thing: object) -> bytes:
    """Plain values as bytes. A name that stands in many places is one object again when they are unpacked."""
    return marshal.dumps(thing, 4)  # type: ignore[arg-type]


class _Lowering(Expressions):
    """One file on its way to facts. Holds the units (outermost functions, classes, the module) that are open."""

    __slots__ = ("classes", "functions", "holders", "imports", "scope", "stars", "units")

    def __init__(self) -> None:
        super().__init__()
        self.functions: list[Any] = []
        self.classes: list[Any] = []
        self.units: list[tuple[bytes, tuple[str, ...]]] = []
        self.imports: list[tuple[str, str, int, str | None]] = []
        self.stars: list[tuple[str, int]] = []
        self.scope: tuple[int, int] = (-1, -1)  # (enclosing function, enclosing class), as indices
        self.holders: list[list[tuple[int, Any]]] = []

    def module(self, tree: ast.Module) -> Facts:
        self.holders.append([])
        body = self.block(tree.body)
        held = self.holders.pop()
        self.units.append((pack((body, dict(held))), tuple(self.used)))
        return (
            FACTS_VERSION,
            tuple(self.imports),
            tuple(self.stars),
            tuple(self.functions),
            tuple(self.classes),
            tuple(self.units),
        )

    def block(self, statements: list[ast.stmt]) -> tuple[Any, ...]:
        if not statements:
            return ()
        out = []
        table = _STATEMENTS
        for statement in statements:
            handler = table.get(statement.__class__)
            if handler is not None:
                lowered = handler(self, statement)
                if lowered is not None:
                    out.append(lowered)
        return tuple(out)

    def expression_statement(self, node: ast.Expr) -> Facts | None:
        value = node.value
        if value.__class__ is ast.Constant:
            return None  # a docstring
        return ("e", EXPRESSIONS[value.__class__](self, value), node.lineno)

    def assign(self, node: ast.Assign) -> Facts:
        its = node.__dict__
        value = its["value"]
        lowered = EXPRESSIONS[value.__class__](self, value)
        return ("=", self.exprs(its["targets"]), lowered, its["lineno"], None)

    def annotated(self, node: ast.AnnAssign) -> Facts:
        value = self.expr(node.value) if node.value is not None else None
        return ("=", (self.expr(node.target),), value, node.lineno, self.annotation(node.annotation))

    def augmented(self, node: ast.AugAssign) -> Facts:
        return ("+=", self.expr(node.target), node.op.__class__.__name__, self.expr(node.value), node.lineno)

    def returns(self, node: ast.Return) -> Facts:
        value = node.value
        return ("r", None if value is None else EXPRESSIONS[value.__class__](self, value), node.lineno)

    def branch(self, node: ast.If) -> Facts:
        its = node.__dict__
        test = its["test"]
        lowered = EXPRESSIONS[test.__class__](self, test)
        return ("if", lowered, self.block(its["body"]), self.block(its["orelse"]), its["lineno"])

    def loop(self, node: ast.For | ast.AsyncFor) -> Facts:
        its = node.__dict__
        return (
            "for",
            self.expr(its["target"]),
            self.expr(its["iter"]),
            self.block(its["body"]),
            self.block(its["orelse"]),
            its["lineno"],
            its["col_offset"],
            its["end_lineno"],
        )

    def while_loop(self, node: ast.While) -> Facts:
        test = self.expr(node.test)
        body = self.block(node.body)
        return ("while", test, body, self.block(node.orelse), node.lineno, node.col_offset, node.end_lineno)

    def with_block(self, node: ast.With | ast.AsyncWith) -> Facts:
        items = tuple(
            [
                (self.expr(i.context_expr), None if i.optional_vars is None else self.expr(i.optional_vars))
                for i in node.items
            ]
        )
        return ("with", items, self.block(node.body), node.lineno)

    def try_block(self, node: ast.Try) -> Facts:
        body = self.block(node.body)
        handlers = tuple(
            [
                (None if h.type is None else self.expr(h.type), h.name, self.block(h.body), h.lineno)
                for h in node.handlers
            ]
        )
        return ("try", body, handlers, self.block(node.orelse), self.block(node.finalbody))

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Facts:
        its = node.__dict__
        name, written = its["name"], its["decorator_list"]
        decorators = self.exprs(written) if written else ()
        return ("def", self.new_function(node, name, its["body"], written), decorators, name)

    def new_function(self, node: Any, name: str, body: Any, decorators: list[ast.expr]) -> int:
        """Registers a function or lambda; its body goes into the unit of its outermost function."""
        index = len(self.functions)
        parent, owner = self.scope
        its = node.__dict__
        line = its["lineno"]
        first = decorators[0].lineno if decorators else line
        self.functions.append(None)
        outermost = parent < 0
        if outermost:
            outer_used, self.used = self.used, {}
            self.holders.append([])
        scope, self.scope = self.scope, (index, -1)
        parameters = self.parameters(its["args"])
        if name == "<lambda>":
            lowered: tuple[Any, ...] = (("r", self.expr(body), body.lineno),)
        else:
            lowered = self.block(body)
        self.scope = scope
        returns = its.get("returns")
        result = (
            parameters,
            lowered,
            None if returns is None else self.annotation(returns),
            node.__class__ is ast.AsyncFunctionDef,
        )
        self.holders[-1].append((index, result))
        unit = -1
        if outermost:
            held = self.holders.pop()
            unit = len(self.units)
            self.used[name] = None
            self.units.append((pack(dict(held)), tuple(self.used)))
            self.used = outer_used
        self.functions[index] = (
            name,
            line,
            its["col_offset"],
            its["end_lineno"],
            its["end_col_offset"],
            parent,
            owner,
            unit,
            first,
        )
        return index

    def klass(self, node: ast.ClassDef) -> Facts:
        bases = self.exprs(node.bases)
        keywords = self.keywords(node.keywords)
        decorators = self.exprs(node.decorator_list)
        index = len(self.classes)
        self.classes.append(None)
        parent, owner = self.scope
        scope, self.scope = self.scope, (parent, index)
        first = len(self.functions)
        body = self.block(node.body)
        self.scope = scope
        methods = tuple([i for i in range(first, len(self.functions)) if self.functions[i][6] == index])
        self.classes[index] = (
            node.name,
            node.lineno,
            node.col_offset,
            node.end_lineno,
            parent,
            owner,
            bases,
            keywords,
            decorators,
            body,
            methods,
            node.decorator_list[0].lineno if node.decorator_list else node.lineno,
        )
        return ("class", index, node.name)

    def import_names(self, node: ast.Import) -> Facts:
        bound = []
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            target = alias.name if alias.asname else name
            bound.append((name, target, None))
            self.imports.append((name, alias.name, 0, None))
        return ("import", tuple(bound), 0, node.lineno)

    def import_from(self, node: ast.ImportFrom) -> Facts | None:
        module = node.module or ""
        bound = []
        for alias in node.names:
            if alias.name == "*":
                self.stars.append((module, node.level))
                continue
            bound.append((alias.asname or alias.name, module, alias.name))
            self.imports.append((alias.asname or alias.name, module, node.level, alias.name))
        return ("import", tuple(bound), node.level, node.lineno) if bound else None

    def match(self, node: ast.Match) -> Facts:
        subject = self.expr(node.subject)
        cases = []
        for case in node.cases:
            names = [
                n for p in ast.walk(case.pattern) for n in (getattr(p, "name", None), getattr(p, "rest", None)) if n
            ]
            guard = None if case.guard is None else self.expr(case.guard)
            cases.append((tuple(names), guard, self.block(case.body)))
        return ("match", subject, tuple(cases), node.lineno)

    def deletes(self, node: ast.Delete) -> Facts:
        return ("del", self.exprs(node.targets), node.lineno)

    def asserts(self, node: ast.Assert) -> Facts:
        return ("assert", self.expr(node.test), node.lineno, None if node.msg is None else self.expr(node.msg))

    def raises(self, node: ast.Raise) -> Facts:
        return ("raise", None if node.exc is None else self.expr(node.exc), node.lineno)

    def outer_names(self, node: ast.Global | ast.Nonlocal) -> Facts:
        self.used[REBINDS] = None
        return ("global" if node.__class__ is ast.Global else "nonlocal", tuple(node.names), node.lineno)

    def jump(self, node: ast.Break | ast.Continue) -> Facts:
        return ("break" if node.__class__ is ast.Break else "continue", node.lineno)


_STATEMENTS: dict[type, Callable[[_Lowering, Any], Facts | None]] = {
    ast.Expr: _Lowering.expression_statement,
    ast.Assign: _Lowering.assign,
    ast.AnnAssign: _Lowering.annotated,
    ast.AugAssign: _Lowering.augmented,
    ast.Return: _Lowering.returns,
    ast.If: _Lowering.branch,
    ast.For: _Lowering.loop,
    ast.AsyncFor: _Lowering.loop,
    ast.While: _Lowering.while_loop,
    ast.With: _Lowering.with_block,
    ast.AsyncWith: _Lowering.with_block,
    ast.Try: _Lowering.try_block,
    ast.TryStar: _Lowering.try_block,
    ast.FunctionDef: _Lowering.function,
    ast.AsyncFunctionDef: _Lowering.function,
    ast.ClassDef: _Lowering.klass,
    ast.Import: _Lowering.import_names,
    ast.ImportFrom: _Lowering.import_from,
    ast.Match: _Lowering.match,
    ast.Delete: _Lowering.deletes,
    ast.Assert: _Lowering.asserts,
    ast.Raise: _Lowering.raises,
    ast.Global: _Lowering.outer_names,
    ast.Nonlocal: _Lowering.outer_names,
    ast.Break: _Lowering.jump,
    ast.Continue: _Lowering.jump,
}
