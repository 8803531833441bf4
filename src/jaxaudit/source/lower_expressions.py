"""From parsed expressions to facts: the half of `lower.py` that knows no statement.

The methods here are short and repeat themselves a little, because they run once for every node of every file that is checked.
What most nodes are asked for is read from the dict of the node (`its`): the parser fills it, and an attribute that is looked up
the usual way takes twice as long.
"""

import ast
from collections.abc import Callable, Sequence
from typing import Any

from jaxaudit.source.facts import COMPREHENDS, WRITES_ATTRIBUTE, WRITES_ITEM

LONGEST_TEXT = 4096
"""A longer string literal is cut: no rule reads that far, and generated files hold megabytes."""
VARIABLES = frozenset({"XLA_", "JAX_"})
"""How the names of environment variables begin by which a unit is found, as by the names that it writes."""
LONGEST_DISPLAY = 512
"""A longer list, tuple or dict display keeps its first items and its true length."""
_READ = ast.Load
_DISPLAYS = {ast.Tuple: "tuple", ast.List: "list", ast.Set: "set"}

Expr = tuple[Any, ...]


class Expressions:
    """What of a file is open while its expressions become facts: the names that its unit writes, and names bound by `:=`."""

    __slots__ = ("used", "walruses")

    def __init__(self) -> None:
        self.walruses: list[str] = []
        self.used: dict[str, None] = {}  # a set with an order, so that the same source gives the same bytes

    def new_function(self, node: Any, name: str, body: Any, decorators: list[ast.expr]) -> int:
        """Registers a lambda: it holds no statement, but a function may hold it."""
        raise NotImplementedError

    def expr(self, node: ast.expr) -> Expr:
        return EXPRESSIONS[node.__class__](self, node)

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
                out.append(EXPRESSIONS[kind](self, node))
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
            lowered = EXPRESSIONS[base.__class__](self, base)
        return (".", lowered, attr, its["end_lineno"], its["end_col_offset"])

    def call(self, node: ast.Call) -> Expr:
        its = node.__dict__
        func = its["func"]
        args = its["args"]
        keywords = its["keywords"]
        return (
            "c",
            EXPRESSIONS[func.__class__](self, func),
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
            out.append((its["arg"], EXPRESSIONS[value.__class__](self, value)))
        return tuple(out)

    def subscript(self, node: ast.Subscript) -> Expr:
        its = node.__dict__
        base, index = its["value"], its["slice"]
        if its["ctx"].__class__ is not _READ:
            self.used[WRITES_ITEM] = None
        return (
            "[",
            EXPRESSIONS[base.__class__](self, base),
            EXPRESSIONS[index.__class__](self, index),
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
        out = EXPRESSIONS[left.__class__](self, left)
        for part in reversed(chain):
            its = part.__dict__
            right = its["right"]
            out = ("b", its["op"].__class__.__name__, out, EXPRESSIONS[right.__class__](self, right))
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
        return ("*", EXPRESSIONS[value.__class__](self, value))

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

    def parameters(self, args: ast.arguments) -> Expr:
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

    def parameter(self, arg: ast.arg, default: ast.expr | None) -> Expr:
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


EXPRESSIONS: dict[type, Callable[[Expressions, Any], Expr]] = {
    ast.Name: Expressions.name,
    ast.Constant: Expressions.constant,
    ast.Attribute: Expressions.attribute,
    ast.Call: Expressions.call,
    ast.Subscript: Expressions.subscript,
    ast.Slice: Expressions.slice,
    ast.Tuple: Expressions.sequence,
    ast.List: Expressions.sequence,
    ast.Set: Expressions.sequence,
    ast.Dict: Expressions.mapping,
    ast.BinOp: Expressions.binary,
    ast.UnaryOp: Expressions.unary,
    ast.BoolOp: Expressions.boolean,
    ast.Compare: Expressions.compare,
    ast.IfExp: Expressions.conditional,
    ast.Lambda: Expressions.lambda_,
    ast.ListComp: Expressions.comprehension,
    ast.SetComp: Expressions.comprehension,
    ast.GeneratorExp: Expressions.comprehension,
    ast.DictComp: Expressions.comprehension,
    ast.Starred: Expressions.starred,
    ast.Await: Expressions.awaited,
    ast.Yield: Expressions.yielded,
    ast.YieldFrom: Expressions.yielded,
    ast.NamedExpr: Expressions.walrus,
    ast.JoinedStr: Expressions.formatted,
}
# Expressions of a newer Python than this table was written for are read as unknown values.
EXPRESSIONS.update({kind: Expressions.unknown for kind in ast.expr.__subclasses__() if kind not in EXPRESSIONS})
