"""The scopes of the project: functions, classes and modules, each with what its file's facts say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from jaxaudit.source import facts
from jaxaudit.source import values as v
from jaxaudit.source.calls import Target
from jaxaudit.source.flow import Flow

if TYPE_CHECKING:
    from jaxaudit.source.program import Program

Signature = tuple[tuple[str, ...], str | None, frozenset[str]]


class Parameter(NamedTuple):
    """One parameter as written; `kind` is "positional", "keyword", "*" or "**"."""

    name: str
    annotation: Any
    default: Any
    expr: Any
    kind: str
    index: int  # type: ignore[assignment]  # not tuple.index: where it stands


class Function:
    """A `def`, a lambda or (index -1) a module's own body."""

    __slots__ = (
        "_body", "bound", "column", "end_column", "end_line", "first_line", "flow_", "index", "is_async", "line", "memo",
        "module", "name", "owner", "parameters_", "parent", "qualname", "returns", "signature_", "target_", "unit",
    )  # fmt: skip

    def __init__(self, module: Module, index: int, name: str, line: int, column: int) -> None:
        self.module = module
        self.index = index
        self.name = name
        self.line = line
        self.column = column
        self.end_line = line
        self.end_column = column
        self.first_line = line
        self.parent: Function | None = None
        self.owner: Class | None = None
        self.qualname = name
        self.unit = -1
        self.bound: v.Value | None = None
        self.flow_: Flow | None = None
        self.target_: tuple[Target, ...] | None = None
        self.memo: dict[Any, Any] = {}
        self._body: Any = None
        self.parameters_: tuple[Parameter, ...] = ()
        self.signature_: Signature = ((), None, frozenset())
        self.returns: Any = None
        self.is_async = False

    def __repr__(self) -> str:
        return f"{self.module.name}:{self.qualname}"

    @property
    def body(self) -> Any:
        if self._body is None:
            self.module.open_unit(self.unit)
        return self._body

    @property
    def all_parameters(self) -> tuple[Parameter, ...]:
        if self._body is None:
            self.module.open_unit(self.unit)
        return self.parameters_

    @property
    def signature(self) -> Signature:
        """The parameters' names as binding needs them: positional ones, `*args`, all that a keyword may name."""
        if self._body is None:
            self.module.open_unit(self.unit)
        return self.signature_

    @property
    def is_module(self) -> bool:
        return self.index < 0

    @property
    def is_method(self) -> bool:
        return self.owner is not None

    @property
    def flow(self) -> Flow:
        if self.flow_ is None:
            parent = None if self.is_module else (self.parent or self.module.function).flow
            self.flow_ = flow = Flow(self, parent, self.module.program)
            if self.is_module:
                self.module.flow_ = flow
            try:
                flow.follow()
            except RecursionError:
                self.module.program.give_up(self, "it nests too deeply")
        return self.flow_

    def fill(self, parts: Any) -> None:
        (positional, _posonly, star, keywords, stars), body, returns, is_async = parts
        found = [
            Parameter(n, a, d, ("n", n, line, col), "positional", i)
            for i, (n, a, d, line, col) in enumerate(positional)
        ]
        if star:
            found.append(Parameter(star, None, None, ("n", star, self.line, self.column), "*", len(positional)))
        found += [Parameter(n, a, d, ("n", n, ln, c), "keyword", -1) for n, a, d, ln, c in keywords]
        if stars:
            found.append(Parameter(stars, None, None, ("n", stars, self.line, self.column), "**", -1))
        self.parameters_ = tuple(found)
        self.signature_ = (
            tuple([row[0] for row in positional]), star, frozenset([row[0] for row in (*positional, *keywords)])
        )  # fmt: skip
        self._body = body
        self.returns = returns
        self.is_async = is_async

    def parameter(self, name: str) -> Parameter | None:
        for parameter in self.all_parameters:
            if parameter.name == name:
                return parameter
        return None

    def itself(self, value: v.FunctionValue) -> tuple[Target, ...]:
        """The target that calling the plain function has."""
        if self.target_ is None:
            self.target_ = (Target(self, None, (), (), value),)
        return self.target_

    @property
    def self_name(self) -> str | None:
        """The first parameter of a method that is neither static nor bound to the class."""
        if self.owner is None or self.name == "__new__":
            return None
        value = self.bound
        while value is not None and isinstance(value, v.Call):
            if isinstance(value.func, v.External) and value.func.name in ("builtins.staticmethod",):
                return None
            value = value.args[0] if value.args else None
        first = self.all_parameters[:1]
        return first[0].name if first and first[0].kind == "positional" else None


class Class:
    """A class of the project. Bases, namespace and decorators are known once the scope around it was followed."""

    __slots__ = (
        "base_exprs", "bases", "body", "column", "decorator_exprs", "decorators", "end_line", "flow", "index",
        "keyword_exprs", "keywords", "line", "memo", "methods", "module", "name", "namespace", "parent",
    )  # fmt: skip

    def __init__(self, module: Module, index: int, row: Any) -> None:
        self.module = module
        self.index = index
        self.name: str = row[0]
        self.line: int = row[1]
        self.column: int = row[2]
        self.end_line: int = row[3]
        self.base_exprs, self.keyword_exprs, self.decorator_exprs, self.body = row[6], row[7], row[8], row[9]
        self.parent: Function | None = None
        self.methods: dict[str, Function] = {}
        self.bases: tuple[v.Value, ...] = ()
        self.keywords: tuple[tuple[str | None, v.Value], ...] = ()
        self.decorators: tuple[v.Value, ...] = ()
        self.namespace: dict[str, list[v.Value]] = {}
        self.flow: Flow | None = None
        self.memo: dict[Any, Any] = {}

    def __repr__(self) -> str:
        return f"{self.module.name}:{self.name}"

    def ready(self) -> Class:
        if self.flow is None:
            (self.parent or self.module.function).flow  # noqa: B018  following the scope fills this class
        return self


class Module:
    """One file of the project, linked."""

    __slots__ = (
        "classes", "context", "flow_", "function", "functions", "imports", "is_package", "name", "path", "program", "stars",
        "units",
    )  # fmt: skip

    def __init__(self, program: Program, name: str, path: str, is_package: bool, rows: Any, context: bool) -> None:
        self.program = program
        self.name = name
        self.path = path
        self.is_package = is_package
        self.context = context
        _, self.imports, self.stars, functions, classes, self.units = rows
        self.flow_: Flow | None = None
        self.function = Function(self, -1, "<module>", 1, 0)
        self.function.qualname = "<module>"
        self.function.unit = len(self.units) - 1
        self.classes = [Class(self, i, row) for i, row in enumerate(classes)]
        self.functions: list[Function] = []
        for index, (fname, line, column, end_line, end_column, parent, owner, unit, first) in enumerate(functions):
            function = Function(self, index, fname, line, column)
            function.end_line, function.end_column, function.first_line = end_line, end_column, first
            function.unit = unit
            if owner >= 0:
                function.owner = self.classes[owner]
                if fname != "<lambda>":
                    function.owner.methods[fname] = function
                else:
                    function.owner = None
            self.functions.append(function)
            if parent >= 0:
                function.parent = self.functions[parent]
                function.unit = function.parent.unit
        for cls, row in zip(self.classes, classes):
            cls.parent = self.functions[row[4]] if row[4] >= 0 else None
        for function in self.functions:
            above = function.owner.name if function.owner else None
            outer = function.parent
            if function.owner is not None and function.owner.parent is not None:
                outer = function.owner.parent
            parts = [outer.qualname] if outer is not None else []
            parts += [above] if above else []
            function.qualname = ".".join([*parts, function.name])

    @property
    def flow(self) -> Flow:
        if self.flow_ is None:
            return self.function.flow
        return self.flow_

    def open_unit(self, unit: int) -> None:
        """Unpacks one outermost function with all that is nested in it, or the module's own body."""
        unpacked = facts.unpack(self.units[unit][0])
        if unit == len(self.units) - 1:
            body, unpacked = unpacked
            self.function._body = body
        for index, parts in unpacked.items():
            self.functions[index].fill(parts)
