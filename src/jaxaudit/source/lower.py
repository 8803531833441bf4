"""From a parsed tree to the facts of one file, in one pass; the tree is not needed afterwards.

`docs/decisions/0006-facts-not-trees.md` says what each tuple holds. The functions here are short and repeat themselves a little,
because this pass runs once for every node of every file that is checked. What most nodes are asked for is read from the
dict of the node (`its`): the parser fills it, and an attribute that is looked up the usual way takes twice as long.
"""

import ast
import marshal
from collections.abc import Callable, Sequence
from typing import Any

from jaxaudit.source.facts import COMPREHENDS, REBINDS, WRITES_ATTRIBUTE, WRITES_ITEM

FACTS_VERSION = 3
"""Part of the cache's key: facts of another version are not read."""

LONGEST_TEXT = 4096
"""A longer string literal is cut: no rule reads that far, and generated files hold megabytes."""
VARIABLES = frozenset({"XLA_", "JAX_"})
"""How the names of environment variables begin by which a unit is found, as by the names that it writes."""
LONGEST_DISPLAY = 512
"""A longer list, tuple or dict display keeps its first items and its true length."""
_READ = ast.Load
_DISPLAYS = {ast.Tuple: "tuple", ast.List: "list", ast.Set: "set"}

Expr = tuple[Any, ...]
Facts = tuple[Any, ...]


def lower(tree: ast.Module, source: bytes = b"") -> Facts:
    """The facts of one module: plain tuples without cycles, ready to be pickled."""
    return _Lowering().module(tree)


def pack(thing: object) -> bytes:
    """Plain values as bytes. A name that stands in many places is one object again when they are unpacked."""
    return marshal.dumps(thing, 4)  # type: ignore[arg-type]


class _Lowering:
    """One file on its way to facts. Holds the units (outermost functions, classes, the module) that are open."""

    __slots__ = ("classes", "functions", "holders", "imports", "scope", "stars", "units", "used", "walruses")

    def __init__(self) -> None:
        self.functions: list[Any] = []
        self.classes: list[Any] = []
        self.units: list[tuple[bytes, tuple[str, ...]]] = []
        self.imports: list[tuple[str, str, int, str | None]] = []
        self.stars: list[tuple[str, int]] = []
        self.walruses: list[str] = []
        self.used: dict[str, None] = {}  # a set with an order, so that the same source gives the same bytes
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

    # -- statements ------------------------------------------------------------------------------------------------

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
        return ("e", _E[value.__class__](self, value), node.lineno)

    def assign(self, node: ast.Assign) -> Facts:
        its = node.__dict__
        value = its["value"]
        lowered = _E[value.__class__](self, value)
        return ("=", self.exprs(its["targets"]), lowered, its["lineno"], None)

    def annotated(self, node: ast.AnnAssign) -> Facts:
        value = self.expr(node.value) if node.value is not None else None
        return ("=", (self.expr(node.target),), value, node.lineno, self.annotation(node.annotation))

    def augmented(self, node: ast.AugAssign) -> Facts:
        return ("+=", self.expr(node.target), node.op.__class__.__name__, self.expr(node.value), node.lineno)

    def returns(self, node: ast.Return) -> Facts:
        value = node.value
        return ("r", None if value is None else _E[value.__class__](self, value), node.lineno)

    def branch(self, node: ast.If) -> Facts:
        its = node.__dict__
        test = its["test"]
        lowered = _E[test.__class__](self, test)
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

    def parameters(self, args: ast.arguments) -> Facts:
        """(names with annotation and default, how many are positional-only, *args, keyword-only, **kwargs)."""
        its = args.__dict__
        before = its["posonlyargs"]
        positional = before + its["args"]
        given = its["defaults"]
        defaults: list[Any] = [None] * (len(positional) - len(given)) + given
        star, stars, keywords = its["vararg"], its["kwarg"], its["kwonlyargs"]
        return (
            tuple([self.parameter(a, d) for a, d in zip(positional, defaults)]) if positional else (),
            len(before),
            star.arg if star else None,
            tuple([self.parameter(a, d) for a, d in zip(keywords, its["kw_defaults"])]) if keywords else (),
            stars.arg if stars else None,
        )

    def parameter(self, arg: ast.arg, default: ast.expr | None) -> Facts:
        its = arg.__dict__
        annotation = its["annotation"]
        return (
            its["arg"],
            None if annotation is None else self.annotation(annotation),
            None if default is None else self.expr(default),
            its["lineno"],
            its["col_offset"],
        )

    def annotation(self, node: ast.expr) -> Expr:
        """Annotations are kept as expressions, strings parsed: they say which names hold arrays."""
        if node.__class__ is ast.Constant and isinstance(node.value, str):
            try:
                node = ast.parse(node.value, mode="eval").body
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                return ("k", None, node.lineno, node.col_offset)
        return self.expr(node)

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

    # -- expressions -----------------------------------------------------------------------------------------------

    def expr(self, node: ast.expr) -> Expr:
        return _E[node.__class__](self, node)

    def exprs(self, nodes: Sequence[ast.expr]) -> tuple[Expr, ...]:
        """Several of them, names without a call for each."""
        out = []
        used = self.used
        for node in nodes:
            kind = node.__class__
            if kind is ast.Name:
                its = node.__dict__
                name = its["id"]
                used[name] = None
                out.append(("n", name, its["lineno"], its["col_offset"]))
            else:
                out.append(_E[kind](self, node))
        return tuple(out)

    def name(self, node: ast.Name) -> Expr:
        its = node.__dict__
        name = its["id"]
        self.used[name] = None
        return ("n", name, its["lineno"], its["col_offset"])

    def constant(self, node: ast.Constant) -> Expr:
        its = node.__dict__
        value: Any = its["value"]
        kind = value.__class__
        if kind is str or kind is bytes:
            if len(value) > LONGEST_TEXT:
                value = value[:LONGEST_TEXT]
            elif value[:4] in VARIABLES:
                self.used[value] = None
        elif kind is int and value.bit_length() > 1024:
            value = None
        return ("k", value, its["lineno"], its["col_offset"], its["end_lineno"], its["end_col_offset"])

    def attribute(self, node: ast.Attribute) -> Expr:
        its = node.__dict__
        attr = its["attr"]
        used = self.used
        used[attr] = None
        if its["ctx"].__class__ is not _READ:
            used[WRITES_ATTRIBUTE] = used[WRITES_ATTRIBUTE + attr] = None
        base = its["value"]
        if base.__class__ is ast.Name:  # the most frequent case, without a call
            inner = base.__dict__
            name = inner["id"]
            used[name] = None
            lowered: Expr = ("n", name, inner["lineno"], inner["col_offset"])
        else:
            lowered = _E[base.__class__](self, base)
        return (".", lowered, attr, its["end_lineno"], its["end_col_offset"])

    def call(self, node: ast.Call) -> Expr:
        its = node.__dict__
        func = its["func"]
        args = its["args"]
        keywords = its["keywords"]
        return (
            "c",
            _E[func.__class__](self, func),
            self.exprs(args) if args else (),
            self.keywords(keywords) if keywords else (),
            its["lineno"],
            its["col_offset"],
            its["end_lineno"],
            its["end_col_offset"],
        )

    def keywords(self, keywords: list[ast.keyword]) -> tuple[tuple[str | None, Expr], ...]:
        out = []
        for keyword in keywords:
            its = keyword.__dict__
            value = its["value"]
            out.append((its["arg"], _E[value.__class__](self, value)))
        return tuple(out)

    def subscript(self, node: ast.Subscript) -> Expr:
        its = node.__dict__
        base, index = its["value"], its["slice"]
        if its["ctx"].__class__ is not _READ:
            self.used[WRITES_ITEM] = None
        return (
            "[",
            _E[base.__class__](self, base),
            _E[index.__class__](self, index),
            its["end_lineno"],
            its["end_col_offset"],
        )

    def slice(self, node: ast.Slice) -> Expr:
        return (
            ":",
            None if node.lower is None else self.expr(node.lower),
            None if node.upper is None else self.expr(node.upper),
            None if node.step is None else self.expr(node.step),
        )

    def sequence(self, node: ast.Tuple | ast.List | ast.Set) -> Expr:
        its = node.__dict__
        items = its["elts"]
        kept = items if len(items) <= LONGEST_DISPLAY else items[:LONGEST_DISPLAY]
        return (
            "T",
            _DISPLAYS[node.__class__],
            self.exprs(kept),
            its["lineno"],
            its["col_offset"],
            its["end_lineno"],
            its["end_col_offset"],
            len(items),
        )

    def mapping(self, node: ast.Dict) -> Expr:
        pairs = list(zip(node.keys, node.values))[:LONGEST_DISPLAY]
        return (
            "D",
            tuple([(None if k is None else self.expr(k), self.expr(v)) for k, v in pairs]),
            node.lineno,
            node.col_offset,
            node.end_lineno,
            node.end_col_offset,
        )

    def binary(self, node: ast.BinOp) -> Expr:
        # A sum of thousands of terms nests to the left: walked in a loop, so that it can't exhaust the stack.
        chain = []
        left: ast.expr = node
        while left.__class__ is ast.BinOp:
            chain.append(left)
            left = left.left
        out = _E[left.__class__](self, left)
        for part in reversed(chain):
            its = part.__dict__
            right = its["right"]
            out = ("b", its["op"].__class__.__name__, out, _E[right.__class__](self, right))
        return out

    def unary(self, node: ast.UnaryOp) -> Expr:
        its = node.__dict__
        return ("u", its["op"].__class__.__name__, self.expr(its["operand"]), its["lineno"], its["col_offset"])

    def boolean(self, node: ast.BoolOp) -> Expr:
        return ("o", node.op.__class__.__name__, self.exprs(node.values))

    def compare(self, node: ast.Compare) -> Expr:
        return (
            "<",
            tuple([o.__class__.__name__ for o in node.ops]),
            self.exprs([node.left, *node.comparators]),
        )

    def conditional(self, node: ast.IfExp) -> Expr:
        return ("?", self.expr(node.test), self.expr(node.body), self.expr(node.orelse))

    def lambda_(self, node: ast.Lambda) -> Expr:
        index = self.new_function(node, "<lambda>", node.body, [])
        return ("f", index, node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)

    def comprehension(self, node: Any) -> Expr:
        self.used[COMPREHENDS] = None
        outside = len(self.walruses)
        generators = tuple(
            [(self.expr(g.target), self.expr(g.iter), tuple([self.expr(i) for i in g.ifs])) for g in node.generators]
        )
        if node.__class__ is ast.DictComp:
            element: Any = (
                "T",
                "tuple",
                (self.expr(node.key), self.expr(node.value)),
                node.lineno,
                node.col_offset,
                node.end_lineno,
                node.end_col_offset,
                2,
            )
        else:
            element = self.expr(node.elt)
        return (
            "g",
            node.__class__.__name__,
            element,
            generators,
            node.lineno,
            node.col_offset,
            node.end_lineno,
            node.end_col_offset,
            tuple(dict.fromkeys(self.walruses[outside:])),
        )

    def starred(self, node: ast.Starred) -> Expr:
        value = node.value
        return ("*", _E[value.__class__](self, value))

    def awaited(self, node: ast.Await) -> Expr:
        return self.expr(node.value)

    def yielded(self, node: ast.Yield | ast.YieldFrom) -> Expr:
        return ("y", None if node.value is None else self.expr(node.value), node.lineno, node.col_offset)

    def walrus(self, node: ast.NamedExpr) -> Expr:
        self.walruses.append(node.target.id)
        return (":=", self.expr(node.target), self.expr(node.value))

    def formatted(self, node: Any) -> Expr:
        parts = []
        for value in node.values:
            if value.__class__ is ast.Constant:
                parts.append(self.constant(value))
            elif hasattr(value, "value"):
                parts.append(self.expr(value.value))
        return ("F", tuple(parts), node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)

    def unknown(self, node: ast.expr) -> Expr:
        return ("k", None, node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)


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

_E: dict[type, Callable[[_Lowering, Any], Expr]] = {
    ast.Name: _Lowering.name,
    ast.Constant: _Lowering.constant,
    ast.Attribute: _Lowering.attribute,
    ast.Call: _Lowering.call,
    ast.Subscript: _Lowering.subscript,
    ast.Slice: _Lowering.slice,
    ast.Tuple: _Lowering.sequence,
    ast.List: _Lowering.sequence,
    ast.Set: _Lowering.sequence,
    ast.Dict: _Lowering.mapping,
    ast.BinOp: _Lowering.binary,
    ast.UnaryOp: _Lowering.unary,
    ast.BoolOp: _Lowering.boolean,
    ast.Compare: _Lowering.compare,
    ast.IfExp: _Lowering.conditional,
    ast.Lambda: _Lowering.lambda_,
    ast.ListComp: _Lowering.comprehension,
    ast.SetComp: _Lowering.comprehension,
    ast.GeneratorExp: _Lowering.comprehension,
    ast.DictComp: _Lowering.comprehension,
    ast.Starred: _Lowering.starred,
    ast.Await: _Lowering.awaited,
    ast.Yield: _Lowering.yielded,
    ast.YieldFrom: _Lowering.yielded,
    ast.NamedExpr: _Lowering.walrus,
    ast.JoinedStr: _Lowering.formatted,
}
# Expressions of a newer Python than this table was written for are read as unknown values.
_E.update({kind: _Lowering.unknown for kind in ast.expr.__subclasses__() if kind not in _E})
