"""Which functions run inside a compiled program, and through which jit."""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.contexts import is_test_path
from jaxaudit.source.flow import Flow
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Function
from jaxaudit.source.sites import Site, jit_sites


class Compiled(NamedTuple):
    """A function that runs inside a compiled program: the jit, and the calls that lead from there to here."""

    function: Function
    site: Site
    calls: tuple[v.Call, ...]

    @property
    def name(self) -> str:
        """The jitted function as a reader calls it."""
        function = self.site.function
        if function.name == "<lambda>":
            return f"the jitted lambda in line {function.line}"
        return f"`{function.name}`"

    @property
    def where(self) -> str:
        """`in jitted f`, or `in g, which jitted f calls`."""
        if self.site.use.spec.kind not in ("jit", "pmap"):
            body = "a lambda" if self.is_lambda else f"`{self.function.name}`"
            return f"{body}, which `{self.site.use.short}` traces,"
        if self.function is self.site.function:
            return (
                f"the jitted lambda in line {self.function.line}"
                if self.is_lambda
                else f"jitted `{self.function.name}`"
            )
        inner = "a lambda" if self.is_lambda else f"`{self.function.name}`"
        jitted = self.name if self.site.function.name == "<lambda>" else f"jitted {self.name}"
        return f"{inner}, which runs in {jitted},"

    @property
    def through_parameter(self) -> bool:
        """Reached by a call of a parameter, which other callers fill otherwise: its surroundings may be traced too."""
        return any(v.settle(call.func).__class__ is v.Param for call in self.calls)

    @property
    def only_in_tests(self) -> bool:
        """Only tests jit it; its own project may not."""
        return in_tests(self.site)

    @property
    def is_near(self) -> bool:
        """The function stands in the module of the jitted one: whoever wrote the jit knew it."""
        return self.function.module is self.site.function.module

    @property
    def is_lambda(self) -> bool:
        return self.function.name == "<lambda>"


def compiled_functions(program: Program) -> dict[Function, Compiled]:
    """Every function that a jit's program contains, the jitted ones first; found once for each program."""
    found = program.memo.get("compiled_functions")
    if found is None:
        found = program.memo["compiled_functions"] = _spread(program)
    return found


def _spread(program: Program) -> dict[Function, Compiled]:
    found: dict[Function, Compiled] = {}
    waiting: deque[Function] = deque()
    for site in sorted(jit_sites(program), key=in_tests):  # a jit of the project's own says more than one of its tests
        if site.function not in found:
            found[site.function] = Compiled(site.function, site, ())
            waiting.append(site.function)
    while waiting:
        function = waiting.popleft()
        here = found[function]
        if len(here.calls) > 8:
            continue
        for call in function.flow.calls:
            for target in run_by(program, call):
                if target not in found:
                    found[target] = Compiled(target, here.site, (*here.calls, call))
                    waiting.append(target)
    return found


def bodies(program: Program, kinds: tuple[str, ...]) -> Iterator[Compiled]:
    """Functions outside every jit that a library traces: bodies of eager loops, densities handed to samplers."""
    known = compiled_functions(program)
    for function, contexts in program.tracing.contexts.items():
        if function in known:
            continue
        for context in contexts:
            if context.kind in kinds and not context.calls:
                target = context.handed.target
                site = Site(context.use, target, target.value or v.Unknown(), frozenset(), frozenset())
                yield Compiled(function, site, ())
                break


def in_tests(site: Site) -> bool:
    return is_test_path(site.flow.function.module.path)


def run_by(program: Program, call: v.Call) -> Iterator[Function]:
    """The project's functions that run, on the device, because of a call."""
    use = c.transform_of(program, call)
    if use is not None:
        for value, slot in use.functions:
            if not slot.host and use.spec.traces != "none":
                for target in c.targets(program, value):
                    yield target.function
        return
    if call.decorator:
        return
    for target in c.targets(program, call.func):
        yield target.function
    for value in call.args:
        if value.__class__ is v.FunctionValue:
            for handed in program.graph.handed.get(value.function, ()):
                if handed.call is call and not handed.slot.host:
                    yield value.function


def is_outside(program: Program, home: Flow) -> bool:
    """Whether a scope's values exist before any trace that reads them begins."""
    function = home.function
    return function.is_module or (
        function not in compiled_functions(program) and program.tracing.context(function) is None
    )
