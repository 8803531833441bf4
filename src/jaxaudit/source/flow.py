"""Follows one function's body from top to bottom, once, and keeps what happens there.

Both arms of a branch are followed and joined; a loop's body is followed once, with the names it rebinds carried. What
comes out are events (calls, loops, tests, stores, returns, uses of names) made of values, each with the branches and
loops it stands in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jaxaudit.source import values as v
from jaxaudit.source.bound_names import assigned_names
from jaxaudit.source.events import Bind, Branch, Loop, Return, Store, Test, Use
from jaxaudit.source.expressions import EVAL, has_star
from jaxaudit.source.statements import FOLLOW

if TYPE_CHECKING:
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Function

Env = dict[str, v.Value]


class Flow:
    """One scope, followed. The module's body is a scope too; class bodies belong to the scope around them."""

    __slots__ = (
        "apart",
        "bindings",
        "binds",
        "branches",
        "calls",
        "computed_items",
        "declared",
        "deleted",
        "done",
        "env",
        "frees",
        "function",
        "locals",
        "loop_stack",
        "loops",
        "order",
        "parent",
        "path",
        "program",
        "quiet",
        "reads",
        "returns",
        "settled",
        "stores",
        "tests",
        "uses_",
        "yields",
    )  # fmt: skip

    def __init__(self, function: Function, parent: Flow | None, program: Program) -> None:
        self.function = function
        self.parent = parent
        self.program = program
        self.bindings: dict[str, list[v.Value]] = {}
        self.binds: list[Bind] = []
        self.calls: list[v.Call] = []
        self.loops: list[Loop] = []
        self.tests: list[Test] = []
        self.branches: list[Branch] = []
        self.stores: list[Store] = []
        self.reads: list[tuple[Any, ...]] = []
        self.uses_: list[Use] = []
        self.returns: list[Return] = []
        self.yields: list[v.Value] = []
        self.computed_items: list[tuple[v.Item, v.Path]] = []
        self.deleted: list[tuple[v.Value, tuple[Loop, ...]]] = []
        self.frees: dict[str, v.Value] = {}
        self.declared: dict[str, str] = {}
        self.env: Env = {}
        self.path: v.Path = ()
        self.loop_stack: tuple[Loop, ...] = ()
        self.order = 0
        self.quiet = False
        self.done = False
        """Whether the body was followed to its end, so that what its names mean may be kept in `settled`."""
        self.settled: dict[str, v.Value] = {}
        self.apart: dict[int, tuple[Any, v.Value]] = {}
        """What was evaluated outside the order of the body that was followed: annotations and defaults."""
        self.locals: frozenset[str] | set[str] = frozenset()

    def follow(self) -> None:
        body = self.function.body
        self.locals = assigned_names(body)
        for parameter in self.function.all_parameters:
            value = v.Param(self.function, parameter.name, parameter.expr, self)
            self.env[parameter.name] = value
            self.bindings[parameter.name] = [value]
        self.locals.update(self.env)
        self.block(body)
        self.done = True

    # -- names -----------------------------------------------------------------------------------------------------

    def bind(self, name: str, value: v.Value) -> None:
        if name in self.declared:
            home = self.home_of(name)
            if home is not None and home is not self:
                home.bindings.setdefault(name, []).append(value)
                home.settled.pop(name, None)
                home.apart.clear()
            self.env[name] = value
            self.store(self.declared[name], None, name, value, False, None)
            return
        self.env[name] = value
        known = self.bindings.get(name)
        if known is None:
            self.bindings[name] = [value]
        else:
            known.append(value)

    def home_of(self, name: str) -> Flow | None:
        if self.declared.get(name) == "global":
            return self.function.module.flow
        flow = self.parent
        while flow is not None:
            if name in flow.locals:
                return flow
            flow = flow.parent
        return None

    @property
    def uses(self) -> list[Use]:
        """The names that are read, in their order."""
        if len(self.uses_) != len(self.reads):
            self.uses_ = [Use(*read) for read in self.reads]
        return self.uses_

    def outer(self, name: str, expr: Any) -> v.Value:
        """A name of an enclosing function, of the module, or a builtin."""
        if name in self.locals and self.parent is not None and name not in self.declared:
            return v.Unknown(expr, self)  # bound later, or on another path
        flow = self.parent
        while flow is not None and flow.parent is not None:
            if name in flow.locals:
                found = flow.bindings.get(name, ())
                if len(found) == 1 and found[0].__class__ in _STEADY:
                    return found[0]
                return v.Free(name, flow, expr, self)
            flow = flow.parent
        return self.program.global_name(self.function.module, name, expr, self)

    # -- statements ------------------------------------------------------------------------------------------------

    def block(self, statements: tuple[Any, ...]) -> bool:
        """Follows statements; True when what comes after them is never reached this way."""
        outside = self.path
        ended = False
        for statement in statements:
            if FOLLOW[statement[0]](self, statement):
                ended = True
                break
        self.path = outside
        return ended

    def arm(self, branch: Branch, which: int, statements: tuple[Any, ...], env: Env) -> tuple[Env, bool]:
        self.env = dict(env)
        outside, self.path = self.path, (*self.path, (branch, which))
        ended = self.block(statements)
        self.path = outside
        return self.env, ended

    def join(self, branch: Branch, envs: list[tuple[Env, bool]]) -> bool:
        """Continues after a branch with what its arms left; an arm that ended leaves its mark on the path instead."""
        going = [(index, env) for index, (env, ended) in enumerate(envs) if not ended]
        if not going:
            self.env = envs[0][0]
            return True
        if len(going) < len(envs) and len(going) == 1:
            self.path = (*self.path, (branch, going[0][0]))
        self.env = self.merged([env for _, env in going], branch)
        return False

    def merged(self, envs: list[Env], branch: Branch | None) -> Env:
        first = envs[0]
        if len(envs) == 1:
            return first
        out = dict(first)
        for other in envs[1:]:
            for name, value in other.items():
                known = out.get(name)
                if known is None:
                    out[name] = value
                elif known is not value:
                    out[name] = v.Phi((*self.options(known, branch), value), branch, self)
        return out

    @staticmethod
    def options(value: v.Value, branch: Branch | None) -> tuple[v.Value, ...]:
        if isinstance(value, v.Phi) and value.branch is branch and branch is not None:
            return value.options
        return (value,)

    def assign(self, target: Any, value: v.Value) -> None:
        kind = target[0]
        if kind == "n":
            self.bind(target[1], value)
            self.note_bind(target, value)
        elif kind == "T":
            self.unpack(target[2], value)
        elif kind == ".":
            self.store("attribute", self.eval(target[1]), target[2], value, False, target)
        elif kind == "[":
            self.store("item", self.eval(target[1]), self.eval(target[2]), value, False, target)
        elif kind == "*":
            self.assign(target[1], value)

    def note_bind(self, target: Any, value: v.Value) -> None:
        if not self.quiet:
            self.order += 1
            self.binds.append(_new(Bind, (target[1], value, target, self.path, self.loop_stack, self.order)))

    def unpack(self, targets: tuple[Any, ...], value: v.Value) -> None:
        written = value.items if isinstance(value, v.Sequence) and not has_star(value.items) else None
        star = next((i for i, t in enumerate(targets) if t[0] == "*"), None)
        if written is not None and (len(written) < len(targets) - (star is not None)):
            written = None
        for index, target in enumerate(targets):
            at = index if star is None or index < star else index - len(targets)
            if index == star:
                rest = None if written is None else written[star : len(written) + star + 1 - len(targets)]
                whole = v.Sequence("list", rest, len(rest), target, self) if rest is not None else None
                self.assign(target[1], whole or v.Item(value, v.Unknown(), target, self))
            elif written is not None:
                self.assign(target, written[at])
            else:
                self.assign(target, v.Item(value, v.Const(at), target, self))

    def store(self, kind: str, base: v.Value | None, name: Any, value: v.Value, augmented: bool, expr: Any) -> None:
        if not self.quiet:
            self.order += 1
            self.stores.append(Store(kind, base, name, value, augmented, expr, self.path, self.loop_stack, self.order))

    def test(self, kind: str, value: v.Value, expr: Any) -> None:
        if not self.quiet:
            self.tests.append(Test(kind, value, expr, self.path, self.loop_stack))

    def enter_loop(self, loop: Loop, body: tuple[Any, ...]) -> None:
        self.loops.append(loop)
        for name in sorted(assigned_names(body)):
            before = self.env.get(name)
            carried = v.Carried(name, before, loop, self)
            loop.carried[name] = carried
            if before is not None:
                self.env[name] = carried

    def leave_loop(self, loop: Loop, ended: bool) -> None:
        for name, carried in loop.carried.items():
            after = self.env.get(name)
            if after is not None and after is not carried:
                carried.after = after
            self.env[name] = v.Left(carried, self) if after is not carried or carried.before is None else carried
            if carried.before is None and carried.after is not None:
                self.env[name] = v.Left(carried, self)
            elif carried.after is None and carried.before is not None:
                self.env[name] = carried.before

    # -- expressions -----------------------------------------------------------------------------------------------

    def eval(self, e: Any) -> v.Value:
        return EVAL[e[0]](self, e)

    def detached(self, e: Any) -> v.Value:
        """An expression evaluated outside the order of the body: an annotation, a default. Records nothing."""
        known = self.apart.get(id(e)) if self.done else None
        if known is not None and known[0] is e:
            return known[1]
        quiet, self.quiet = self.quiet, True
        env, self.env = self.env, {}
        try:
            value = self.eval(e)
        finally:
            self.quiet, self.env = quiet, env
        if self.done:
            self.apart[id(e)] = e, value
        return value

    def anyhow(self, name: str, expr: Any) -> v.Value:
        """What a name means outside the order of the body: any of the values bound to it."""
        found = self.bindings.get(name)
        if not found:
            return self.outer(name, expr)
        if len(found) == 1:
            return found[0].resolve() if isinstance(found[0], v.Imported) else found[0]
        return v.Phi(tuple(found), None, self)

    def record(self, call: v.Call) -> v.Call:
        if not self.quiet:
            self.order += 1
            call.order = self.order
            self.calls.append(call)
        return call


_new = tuple.__new__  # what a named tuple's own constructor calls, without the call around it
_STEADY = frozenset({v.External, v.ModuleValue, v.FunctionValue, v.ClassValue})
