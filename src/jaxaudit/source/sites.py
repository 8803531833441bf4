"""Where the program compiles: every jitted function, by which wrapper, with which static and donated arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from jaxaudit.source import calls as c
from jaxaudit.source import facts, tracing
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.callgraph import Edge

if TYPE_CHECKING:
    from jaxaudit.source.flow import Flow
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Function


class Site(NamedTuple):
    """One jitted function: `use` is the jit (or pmap), `target` the function under it, `value` what was handed in."""

    use: c.TransformUse
    target: c.Target
    value: v.Value
    static: frozenset[str]
    donated: frozenset[str]

    @property
    def function(self) -> Function:
        return self.target.function

    @property
    def flow(self) -> Flow:
        return self.use.call.flow

    @property
    def call(self) -> v.Call:
        return self.use.call

    @property
    def filtered(self) -> bool:
        """`filter_jit` and its like: what is no array is static by itself."""
        return self.use.spec.traces == "arrays"

    def traced_parameters(self) -> list[str]:
        """Parameters that may arrive as tracers: not static, not bound before."""
        fixed = bound_before(self)
        return [p.name for p in self.function.all_parameters if p.name not in self.static and p.name not in fixed]


def bound_before(site: Site) -> set[str]:
    return _bound(site.target, site.flow)


def _bound(target: c.Target, flow: Flow) -> set[str]:
    if not target.partials and target.receiver is None:
        return set()
    empty = v.Call(v.Unknown(), (), (), None, flow, (), (), 0)
    return set(bind(empty, target))


_ALL = frozenset({"all", "warn"})
_REST = frozenset({"all-except-first", "warn-except-first"})


def _donated(program: Program, use: c.TransformUse, target: c.Target) -> frozenset[str]:
    """The parameters that are given away, as numbers, as names or by one of Equinox's words."""
    if use.spec.donate_nums != "donate":
        return frozenset(tracing.donated_names(program, use, target))
    option = use.option("donate")
    words = {word for word in tracing.constants(program, option) if isinstance(word, str)} if option else set()
    fixed = _bound(target, use.call.flow)
    names = [one.name for one in target.function.all_parameters if one.name not in fixed]
    if words and words <= _ALL:
        return frozenset(names)
    return frozenset(names[1:]) if words and words <= _REST else frozenset()


def jit_sites(program: Program) -> list[Site]:
    """Every function that is jitted (jit, filter_jit, nnx.jit, pmap, ...), once for each wrapper."""
    found = program.memo.get("jit_sites")
    if found is None:
        found = program.memo["jit_sites"] = []
        for use in program.graph.uses:
            if use.spec.kind not in ("jit", "pmap") or not use.spec.wraps:
                continue
            for value, _ in use.functions:
                for target in c.targets(program, value):
                    found.append(
                        Site(
                            use, target, value,
                            frozenset(tracing.static_names(program, use, target)),
                            _donated(program, use, target),
                        )
                    )  # fmt: skip
    return found


def calls_of(program: Program, site: Site) -> list[Edge]:
    """The calls that go through this very wrapper (not the bare function)."""
    callers = program.graph.callers(site.function)
    return [edge for edge in callers if any(use.call is site.use.call for use in edge.target.chain)]


def inventory(program: Program) -> list[dict[str, Any]]:
    """Every jitted function of the checked files, with who calls it from where."""
    out = []
    for site in jit_sites(program):
        module = site.flow.function.module
        if module.context:
            continue
        place = program.place(site.flow, site.call.expr)
        out.append(
            {
                "name": site.function.qualname,
                "path": place.path,
                "line": site.function.line if site.call.decorator else place.line,
                "wrapper": site.use.short,
                "static": sorted(site.static),
                "donated": sorted(site.donated),
                "arguments": [p.name for p in site.function.all_parameters],
                "callers": [
                    {
                        "path": edge.caller.module.path,
                        "line": facts.start(edge.call.expr)[0],
                        "function": edge.caller.qualname,
                    }
                    for edge in calls_of(program, site)
                ],
            }
        )
    return sorted(out, key=lambda row: (row["path"], row["line"], row["name"]))
