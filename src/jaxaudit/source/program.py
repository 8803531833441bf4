"""The linked program: modules, functions and classes of the project, and what each name in them means.

Everything is looked up when it is first asked for and then kept. Rules get a `Program` and ask it questions.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from jaxaudit.model import Place, Unread
from jaxaudit.model.flag import FlagJudge
from jaxaudit.source import applying, facts
from jaxaudit.source import values as v
from jaxaudit.source.asking import Asking
from jaxaudit.source.callgraph import CallGraph
from jaxaudit.source.flow import Flow
from jaxaudit.source.groups import LIBRARIES, absolute
from jaxaudit.source.knowledge.arrays_of_jax import ARRAYS
from jaxaudit.source.knowledge.classes import BASES
from jaxaudit.source.knowledge.names import CANONICAL, PREFIXES
from jaxaudit.source.knowledge.random_keys import KEY_CONSUMERS, KEY_MAKERS
from jaxaudit.source.knowledge.transforms_of_libraries import TRANSFORMS
from jaxaudit.source.scopes import Class, Function, Module
from jaxaudit.source.tracing import Tracing

BUILTINS = frozenset(dir(builtins))
KNOWN = tuple(dict.fromkeys([*TRANSFORMS, *ARRAYS, *KEY_CONSUMERS, *KEY_MAKERS, *BASES]))


class Keys(dict[str, str]):
    """Under which name an answer is kept: those from before the callers were known are not used afterwards."""

    def __init__(self, suffix: str) -> None:
        super().__init__()
        self.suffix = suffix

    def __missing__(self, what: str) -> str:
        self[what] = found = what + self.suffix
        return found


class Program:
    """Everything that was read, linked."""

    def __init__(self, lines: Callable[[str], list[str]] | None = None) -> None:
        self.modules: dict[str, Module] = {}
        self.by_path: dict[str, Module] = {}
        self.unread: list[Unread] = []
        self.annotations: dict[int, tuple[v.Value, Any, Flow]] = {}
        self.externals: dict[str, v.External] = {}
        self.index: dict[str, list[tuple[Module, int]]] = {}
        self.memo: dict[Any, Any] = {}
        self.known: dict[Function | Class, str] = {}
        self.keys = Keys("")
        self.generation = 0
        self.asking = Asking()
        self.graph = CallGraph(self)
        self.tracing = Tracing(self)
        self.lines = lines or (lambda path: [])
        self.consulted: set[str] = set()
        self.flags: FlagJudge | None = None
        """What says whether XLA knows a flag; filled by the step that reads the installed library."""

    def next_generation(self) -> None:
        """What is asked from here on is worked out anew, with more callers known."""
        self.generation += 1
        self.keys = Keys(f"#{self.generation}")

    # -- building --------------------------------------------------------------------------------------------------

    def add(self, name: str, path: str, is_package: bool, rows: Any, *, context: bool = False) -> Module:
        """Adds one file's facts. `context` files are known but nothing is reported of them."""
        module = Module(self, name, path, is_package, rows, context)
        self.by_path[path] = module
        self.modules.setdefault(name, module)
        index = self.index
        for number, (_, used) in enumerate(module.units):
            unit = (module, number)
            for word in used:
                known = index.get(word)
                if known is None:
                    index[word] = [unit]
                else:
                    known.append(unit)
        return module

    def give_up(self, function: Function, reason: str) -> None:
        self.unread.append(Unread(function.module.path, f"{function.qualname} (line {function.line}): {reason}"))

    # -- names -----------------------------------------------------------------------------------------------------

    def external(self, name: str) -> v.External:
        found = self.externals.get(name)
        if found is None:
            found = self.externals[name] = v.External(canonical(name))
        return found

    def imported(self, module: Module, target: str, level: int, attr: str | None) -> v.Value:
        """What an import statement binds."""
        dotted = absolute(module.name, module.is_package, target, level)
        found = self.modules.get(dotted)
        if attr is None:
            return v.ModuleValue(found) if found is not None else self.external(dotted)
        below = self.modules.get(f"{dotted}.{attr}")
        if found is not None:
            return v.Imported(self, found, attr)
        if below is not None:
            return v.ModuleValue(below)
        return self.external(f"{dotted}.{attr}")

    def member(self, module: Module, name: str, seen: frozenset[str] = frozenset()) -> v.Value:
        """A name of a module of the project, re-exports followed."""
        flow = module.flow
        found = flow.bindings.get(name)
        if found:
            value = one_of(found, flow, name)
            if isinstance(value, v.Imported):
                value = value.resolve()
            if value.__class__ in _PLAIN:
                return value
            return v.Free(name, flow)
        below = self.modules.get(f"{module.name}.{name}")
        if below is not None:
            return v.ModuleValue(below)
        for target, level in module.stars:
            dotted = absolute(module.name, module.is_package, target, level)
            other = self.modules.get(dotted)
            if other is None:
                if name not in BUILTINS:
                    return self.external(f"{dotted}.{name}")
            elif dotted not in seen:
                value = self.member(other, name, seen | {module.name})
                if not isinstance(value, v.Unknown):
                    return value
        return v.Unknown()

    def global_name(self, module: Module, name: str, expr: Any, flow: Flow) -> v.Value:
        found = module.flow.bindings.get(name)
        if found:
            value = one_of(found, module.flow, name)
            if isinstance(value, v.Imported):
                value = value.resolve()
            if value.__class__ in _PLAIN:
                return value
            if flow is module.flow:
                return v.Unknown(expr, flow)  # read before it is bound
            return v.Free(name, module.flow, expr, flow)
        if name in BUILTINS:
            return self.external(f"builtins.{name}")
        if module.stars:
            return self.member(module, name)
        return v.Unknown(expr, flow)

    def attribute(self, base: v.Value, name: str, expr: Any, flow: Flow) -> v.Value:
        """`base.name`: of a library, of a module of the project, or of a value."""
        kind = base.__class__
        if kind is v.External:
            return self.external(f"{base.name}.{name}")  # type: ignore[attr-defined]
        if kind is v.ModuleValue:
            return self.member(base.module, name)  # type: ignore[attr-defined]
        if kind is v.Free or kind is v.Phi:
            settled = v.settle(base)
            if settled is not base and isinstance(settled, (v.External, v.ModuleValue)):
                return self.attribute(settled, name, expr, flow)
        return v.Attr(base, name, expr, flow)

    def note_annotation(self, value: v.Value, annotation: Any, flow: Flow) -> None:
        self.annotations[id(value)] = (value, annotation, flow)

    def sources(self, param: v.Param) -> list[tuple[v.Call | None, v.Value]]:
        """What a parameter gets from the project's own calls."""
        return self.graph.sources(param.function, param.name)

    def field_arguments(self, cls: Class, name: str) -> list[v.Value]:
        return self.graph.field_arguments(cls, name)

    def link(self) -> None:
        """Finds every transformation, what it is applied to, and all that runs under it."""
        if self.known_libraries():
            self.name_known()
        for module, unit in self.units_applying(TRANSFORMS):
            self.graph.link_unit(module, unit)
        self.graph.follow_aliases()
        self.graph.second_pass()
        self.tracing.spread()
        self.graph.grow()

    def spellings(self, words: Iterable[str]) -> set[str]:
        """These words, and the names under which some file imports them."""
        renamed = self.memo.get("renamed")
        if renamed is None:
            renamed = self.memo["renamed"] = {}
            for module in self.by_path.values():
                for name, _, _, attr in module.imports:
                    if attr is not None and name != attr:
                        renamed.setdefault(attr, set()).add(name)
        out = set(words)
        for word in words:
            out |= renamed.get(word, set())
        return out

    def forget(self) -> None:
        """Lets go of everything, so that the memory is free before the next program is linked."""
        self.__dict__.clear()

    def units_applying(self, names: Iterable[str]) -> list[tuple[Module, int]]:
        """Units that write one of these dotted names, by whatever spelling their file imports it."""
        return applying.units_applying(self, names)

    @property
    def tops(self) -> frozenset[str]:
        """The first parts of the names of the project's modules."""
        found: frozenset[str] | None = self.memo.get("tops")
        if found is None:
            found = self.memo["tops"] = frozenset([name.partition(".")[0] for name in self.modules])
        return found

    def known_libraries(self) -> frozenset[str]:
        """Packages of the project that are themselves what our tables describe (jax, when jax is checked)."""
        return self.tops & LIBRARIES

    def name_known(self) -> None:
        here = self.known_libraries()
        for name in KNOWN:
            parts = name.split(".")
            if parts[0] not in here:
                continue
            for cut in range(len(parts) - 1, 0, -1):
                module = self.modules.get(".".join(parts[:cut]))
                if module is None:
                    continue
                value = self.member(module, parts[cut]) if cut == len(parts) - 1 else None
                value = v.settle(value) if value is not None else None
                if isinstance(value, v.Free):  # bound again, wrapped: the first is the function itself
                    value = next(iter(value.values()), None)
                while isinstance(value, v.Call) and value.args:
                    value = v.settle(value.args[0])
                if isinstance(value, v.FunctionValue):
                    self.known.setdefault(value.function, name)
                elif isinstance(value, v.ClassValue):
                    self.known.setdefault(value.cls, name)
                break

    def inventory(self) -> list[dict[str, Any]]:
        """Every jitted function of the checked files: wrapper, static and donated arguments, callers."""
        from jaxaudit.source.sites import inventory

        return inventory(self)

    # -- places ----------------------------------------------------------------------------------------------------

    def place(self, flow: Flow, expr: Any) -> Place:
        """Where an expression stands, as a reader counts: columns in characters from 1."""
        path = flow.function.module.path
        line, column = facts.start(expr)
        end_line, end_column = facts.end(expr)
        return Place(
            path, line, self.column(path, line, column), end_line, self.column(path, end_line, end_column),
            flow.function.qualname,
        )  # fmt: skip

    def column(self, path: str, line: int, column: int) -> int:
        """A byte column as the parser counts, as a column of characters from 1."""
        lines = self.lines(path)
        if column == 0 or line > len(lines) or lines[line - 1].isascii():
            return column + 1
        return len(lines[line - 1].encode()[:column].decode("utf-8", "ignore")) + 1

    def place_of_function(self, function: Function) -> Place:
        """The name of a `def`, or the word `lambda`."""
        if function.name == "<lambda>":
            column, width = function.column, len("lambda")
        else:
            column = function.column + (len("async def ") if function.is_async else len("def "))
            width = len(function.name.encode())
        return Place(
            function.module.path, function.line, column + 1, function.line, column + 1 + width, function.qualname
        )

    def place_of_class(self, cls: Class) -> Place:
        column = cls.column + len("class ")
        return Place(cls.module.path, cls.line, column + 1, cls.line, column + 1 + len(cls.name.encode()), cls.name)

    def text_of(self, path: str) -> list[str]:
        """The lines of a file for a rule that reads what no fact holds: a comment, the inside of a literal."""
        self.consulted.add(path)
        return self.lines(path)

    # -- what to look at -------------------------------------------------------------------------------------------

    def functions_using(self, names: Iterable[str]) -> Iterator[Function]:
        """Functions (outermost first, nested with them) of the units in which one of the names is written."""
        seen: set[tuple[int, int]] = set()
        for name in names:
            for module, unit in self.index.get(name, ()):
                if (id(module), unit) not in seen:
                    seen.add((id(module), unit))
                    yield from self.functions_of_unit(module, unit)

    @staticmethod
    def functions_of_unit(module: Module, unit: int) -> list[Function]:
        key = ("units",)
        table = module.function.memo.get(key)
        if table is None:
            table = {}
            for function in module.functions:
                table.setdefault(function.unit, []).append(function)
            table.setdefault(len(module.units) - 1, []).insert(0, module.function)
            module.function.memo[key] = table
        return table.get(unit, [])


_PLAIN = frozenset({v.External, v.ModuleValue, v.FunctionValue, v.ClassValue, v.Unknown})


_PREFIXES: dict[str, list[tuple[str, str]]] = {}
for _prefix, _public in PREFIXES:
    _PREFIXES.setdefault(_prefix.partition(".")[0], []).append((_prefix, _public))


def one_of(found: list[v.Value], flow: Flow, name: str) -> v.Value:
    """The value of a name bound once, or bound in ways that a reader would call the same (try: import a, except: b)."""
    if len(found) == 1:
        return found[0]
    first = found[0]
    if isinstance(first, v.Imported):
        first = first.resolve()
    if isinstance(first, (v.External, v.ModuleValue)):
        return first
    return v.Free(name, flow)


def decoded(data: bytes) -> str:
    """Source as text, whatever its encoding says; bytes that don't fit are replaced."""
    import io
    import tokenize

    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding, "replace")
    except (SyntaxError, LookupError, UnicodeError):  # a codec such as idna knows no "replace"
        return data.decode("utf-8", "replace")


def split_lines(text: str) -> list[str]:
    """Lines as Python counts them: a form feed or a U+2028 does not end one."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def canonical(name: str) -> str:
    """The one spelling by which a library's thing is known here."""
    known = CANONICAL.get(name)
    if known is not None:
        return known
    for prefix, public in _PREFIXES.get(name.partition(".")[0], ()):
        if name.startswith(prefix):
            name = public + name[len(prefix) :]
            return CANONICAL.get(name, name)
    return name
