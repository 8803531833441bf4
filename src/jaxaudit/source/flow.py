"""Follows one function's body from top to bottom, once, and keeps what happens there.

Both arms of a branch are followed and joined; a loop's body is followed once, with the names it rebinds carried. What
comes out are events (calls, loops, tests, stores, returns, uses of names) made of values, each with the branches and
loops it stands in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from jaxaudit.source import values as v

if TYPE_CHECKING:
    from jaxaudit.source.program import Class, Function, Program

Env = dict[str, v.Value]


class Branch:
    """One `if`, `match`, `try` or conditional expression: arms exclude each other."""

    __slots__ = ("kind", "line", "test")

    def __init__(self, kind: str, test: v.Value | None, line: int) -> None:
        self.kind = kind
        self.test = test
        self.line = line


class Loop:
    """One `for`, `while` or comprehension clause."""

    __slots__ = ("carried", "end_line", "expr", "flow", "iterable", "kind", "line", "outer", "path", "target", "test")

    def __init__(self, kind: str, flow: Flow, line: int, end_line: int, path: v.Path, outer: tuple[Loop, ...]) -> None:
        self.kind = kind
        self.flow = flow
        self.line = line
        self.end_line = end_line
        self.path = path
        self.outer = outer
        self.iterable: v.Value | None = None
        self.test: v.Value | None = None
        self.target: Any = None
        self.expr: Any = None
        self.carried: dict[str, v.Carried] = {}


class Test(NamedTuple):
    """A value whose truth Python asks for: `if`, `while`, `assert`, `not`, `and`, a conditional expression."""

    kind: str
    value: v.Value
    expr: Any
    path: v.Path
    loops: tuple[Loop, ...]


class Store(NamedTuple):
    """A write that outlives the name: to an attribute, an item, a global or an enclosing function's name."""

    kind: str
    base: v.Value | None
    name: Any
    value: v.Value
    augmented: bool
    expr: Any
    path: v.Path
    loops: tuple[Loop, ...]
    order: int


class Use(NamedTuple):
    """A name that is read."""

    name: str
    value: v.Value
    expr: Any
    path: v.Path
    loops: tuple[Loop, ...]
    order: int


class Return(NamedTuple):
    value: v.Value
    expr: Any
    path: v.Path
    loops: tuple[Loop, ...]
    order: int


class Bind(NamedTuple):
    """A name that an assignment binds: what stale values are told by. `expr` is the name as it stands there."""

    name: str
    value: v.Value
    expr: Any
    path: v.Path
    loops: tuple[Loop, ...]
    order: int


class Flow:
    """One scope, followed. The module's body is a scope too; class bodies belong to the scope around them."""

    __slots__ = (
        "bindings",
        "binds",
        "branches",
        "calls",
        "computed_items",
        "declared",
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
        "returns",
        "settled",
        "stores",
        "tests",
        "uses",
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
        self.uses: list[Use] = []
        self.returns: list[Return] = []
        self.yields: list[v.Value] = []
        self.computed_items: list[tuple[v.Item, v.Path]] = []
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

    def lookup(self, name: str, expr: Any) -> v.Value:
        value = self.env.get(name)
        if value is None:
            if self.quiet:
                return self.anyhow(name, expr)
            value = self.frees.get(name)
            if value is None:
                value = self.outer(name, expr)
                self.frees[name] = value
        elif isinstance(value, v.Imported):
            value = value.resolve()
        if not self.quiet:
            self.order += 1
            self.uses.append(_new(Use, (name, value, expr, self.path, self.loop_stack, self.order)))
        return value

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
            if _FOLLOW[statement[0]](self, statement):
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

    def do_expression(self, s: Any) -> bool:
        self.eval(s[1])
        return False

    def do_assign(self, s: Any) -> bool:
        if s[2] is None:  # a declaration without a value
            return False
        value = self.eval(s[2])
        if s[4] is not None and isinstance(value, (v.Call, v.Unknown, v.Item, v.Attr)):
            self.program.note_annotation(value, s[4], self)
        for target in s[1]:
            self.assign(target, value)
        return False

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
        written = value.items if isinstance(value, v.Sequence) and not _starred(value.items) else None
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

    def do_augmented(self, s: Any) -> bool:
        target = s[1]
        value = self.eval(s[3])
        if target[0] == "n":
            before = self.lookup(target[1], target)
            result = v.Op(s[2], (before, value), ("b", s[2], target, s[3]), self)
            self.bind(target[1], result)
            self.note_bind(target, result)
        elif target[0] == ".":
            before = self.eval(target)
            result = v.Op(s[2], (before, value), ("b", s[2], target, s[3]), self)
            base = before.base if isinstance(before, v.Attr) else None
            self.store("attribute", base, target[2], result, True, target)
        elif target[0] == "[":
            base = self.eval(target[1])
            self.store("item", base, self.eval(target[2]), value, True, target)
        return False

    def store(self, kind: str, base: v.Value | None, name: Any, value: v.Value, augmented: bool, expr: Any) -> None:
        if not self.quiet:
            self.order += 1
            self.stores.append(Store(kind, base, name, value, augmented, expr, self.path, self.loop_stack, self.order))

    def do_return(self, s: Any) -> bool:
        value = v.Const(None) if s[1] is None else self.eval(s[1])
        self.order += 1
        self.returns.append(Return(value, s[1], self.path, self.loop_stack, self.order))
        return True

    def do_if(self, s: Any) -> bool:
        test = self.eval(s[1])
        self.test("if", test, s[1])
        branch = Branch("if", test, s[4])
        self.branches.append(branch)
        env = self.env
        return self.join(branch, [self.arm(branch, 0, s[2], env), self.arm(branch, 1, s[3], env)])

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

    def do_for(self, s: Any) -> bool:
        iterable = self.eval(s[2])
        loop = Loop("for", self, s[5], s[7], self.path, self.loop_stack)
        loop.iterable, loop.target, loop.expr = iterable, s[1], s[2]
        self.enter_loop(loop, s[3])
        outside, self.loop_stack = self.loop_stack, (*self.loop_stack, loop)
        self.assign(s[1], v.Elem(iterable, loop, s[1], self))
        path = self.path
        self.block(s[3])
        self.path = path
        self.loop_stack = outside
        self.leave_loop(loop, False)
        return self.block(s[4])

    def do_while(self, s: Any) -> bool:
        loop = Loop("while", self, s[4], s[6], self.path, self.loop_stack)
        loop.expr = s[1]
        self.enter_loop(loop, s[2])
        outside, self.loop_stack = self.loop_stack, (*self.loop_stack, loop)
        loop.test = self.eval(s[1])
        self.test("while", loop.test, s[1])
        path = self.path
        self.block(s[2])
        self.path = path
        self.loop_stack = outside
        self.leave_loop(loop, False)
        return self.block(s[3])

    def do_with(self, s: Any) -> bool:
        for context, target in s[1]:
            value = self.eval(context)
            if target is not None:
                self.assign(target, value)
        path = self.path
        ended = self.block(s[2])
        self.path = path
        return ended

    def do_try(self, s: Any) -> bool:
        branch = Branch("try", None, 0)
        before = self.env
        body, ended = self.arm(branch, 0, s[1] + s[3], before)
        envs = [(body, ended)]
        for index, (kind, name, statements, _line) in enumerate(s[2]):
            start = self.merged([before, body], None) if body is not before else dict(before)
            if kind is not None:
                self.env = start
                self.eval(kind)
            if name:
                start[name] = v.Unknown(None, self)
            envs.append(self.arm(branch, index + 1, statements, start))
        ended = self.join(branch, envs)
        return self.block(s[4]) or ended

    def do_match(self, s: Any) -> bool:
        subject = self.eval(s[1])
        branch = Branch("match", subject, s[3])
        env = self.env
        envs: list[tuple[Env, bool]] = []
        for index, (names, guard, body) in enumerate(s[2]):
            start = dict(env)
            for name in names:
                start[name] = v.Item(subject, v.Unknown(), None, self)
            self.env = start
            if guard is not None:
                self.test("if", self.eval(guard), guard)
            envs.append(self.arm(branch, index, body, self.env))
        envs.append((env, False))
        return self.join(branch, envs)

    def do_def(self, s: Any) -> bool:
        function = self.function.module.functions[s[1]]
        value: v.Value = v.FunctionValue(function, None, self)
        for decorator in reversed(s[2]):
            value = self.record(v.Call(self.eval(decorator), (value,), (), decorator, self, self.path, self.loop_stack,
                                       self.order, True))  # fmt: skip
        function.bound = value
        if _is_overload(value):
            return False  # the definition that follows is the one that runs
        self.bind(function.name, value)
        return False

    def do_class(self, s: Any) -> bool:
        cls: Class = self.function.module.classes[s[1]]
        outside = self.env
        bindings, self.bindings = self.bindings, {}
        names, self.locals = self.locals, self.locals | assigned_names(cls.body)
        self.env = dict(outside)
        cls.bases = tuple([self.eval(b) for b in cls.base_exprs])
        cls.keywords = tuple([(k, self.eval(e)) for k, e in cls.keyword_exprs])
        self.block(cls.body)
        cls.namespace = self.bindings
        self.env, self.bindings, self.locals = outside, bindings, names
        value: v.Value = v.ClassValue(cls, None, self)
        decorators = [self.eval(d) for d in cls.decorator_exprs]
        cls.decorators = tuple(decorators)
        cls.flow = self
        self.bind(cls.name, value)
        return False

    def do_import(self, s: Any) -> bool:
        for name, module, attr in s[1]:
            self.bind(name, self.program.imported(self.function.module, module, s[2], attr))
        return False

    def do_declare(self, s: Any) -> bool:
        for name in s[1]:
            self.declared[name] = s[0]
            self.env.pop(name, None)
        return False

    def do_delete(self, s: Any) -> bool:
        for target in s[1]:
            if target[0] == "n":
                self.env.pop(target[1], None)
            else:
                self.eval(target)
        return False

    def do_assert(self, s: Any) -> bool:
        self.test("assert", self.eval(s[1]), s[1])
        return False

    def do_raise(self, s: Any) -> bool:
        if s[1] is not None:
            self.eval(s[1])
        return True

    def do_jump(self, s: Any) -> bool:
        return True

    # -- expressions -----------------------------------------------------------------------------------------------

    def eval(self, e: Any) -> v.Value:
        return _EVAL[e[0]](self, e)

    def detached(self, e: Any) -> v.Value:
        """An expression evaluated outside the order of the body: an annotation, a default. Records nothing."""
        quiet, self.quiet = self.quiet, True
        env, self.env = self.env, {}
        try:
            return self.eval(e)
        finally:
            self.quiet, self.env = quiet, env

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

    def name(self, e: Any) -> v.Value:
        return self.lookup(e[1], e)

    def constant(self, e: Any) -> v.Value:
        return v.Const(e[1], e, self)

    def attribute(self, e: Any) -> v.Value:
        return self.program.attribute(_EVAL[e[1][0]](self, e[1]), e[2], e, self)

    def call(self, e: Any) -> v.Value:
        table = _EVAL
        func = table[e[1][0]](self, e[1])
        args = tuple([table[a[0]](self, a) for a in e[2]])
        kwargs = tuple([(k, table[a[0]](self, a)) for k, a in e[3]])
        return self.record(v.Call(func, args, kwargs, e, self, self.path, self.loop_stack, self.order))

    def subscript(self, e: Any) -> v.Value:
        base = self.eval(e[1])
        index = self.eval(e[2])
        if isinstance(index, v.Const):
            if isinstance(base, v.Sequence):
                at = index.value
                items = base.items
                if type(at) is int and -len(items) <= at < len(items) and not _starred(items):
                    return items[at]
            elif isinstance(base, v.Mapping):
                found = base.get(index.value)
                if found is not None:
                    return found
        item = v.Item(base, index, e, self)
        if not self.quiet and _needs_python(base, index):
            self.computed_items.append((item, self.path))
        return item

    def slice(self, e: Any) -> v.Value:
        parts = tuple([v.Const(None) if p is None else self.eval(p) for p in e[1:4]])
        return v.Sequence("slice", parts, 3, e, self)

    def sequence(self, e: Any) -> v.Value:
        return v.Sequence(e[1], tuple([self.eval(i) for i in e[2]]), e[7], e, self)

    def mapping(self, e: Any) -> v.Value:
        pairs = tuple([(None if k is None else self.eval(k), self.eval(x)) for k, x in e[1]])
        return v.Mapping(pairs, e, self)

    def binary(self, e: Any) -> v.Value:
        chain = []
        left = e
        while left[0] == "b":
            chain.append(left)
            left = left[2]
        out = self.eval(left)
        for part in reversed(chain):
            out = v.Op(part[1], (out, self.eval(part[3])), part, self)
        return out

    def unary(self, e: Any) -> v.Value:
        operand = self.eval(e[2])
        if e[1] == "Not":
            self.test("not", operand, e[2])
        elif e[1] == "USub" and isinstance(operand, v.Const) and type(operand.value) in (int, float):
            return v.Const(-operand.value, operand.expr, self)
        return v.Op(e[1], (operand,), e, self)

    def boolean(self, e: Any) -> v.Value:
        operands = tuple([self.eval(x) for x in e[2]])
        for operand, expr in zip(operands[:-1], e[2]):
            self.test("and", operand, expr)
        return v.Op(e[1], operands, e, self)

    def compare(self, e: Any) -> v.Value:
        operands = tuple([self.eval(x) for x in e[2]])
        return v.Op(e[1][0] if len(e[1]) == 1 else "Chain", operands, e, self)

    def conditional(self, e: Any) -> v.Value:
        test = self.eval(e[1])
        self.test("ifexp", test, e[1])
        branch = Branch("ifexp", test, 0)
        path = self.path
        self.path = (*path, (branch, 0))
        first = self.eval(e[2])
        self.path = (*path, (branch, 1))
        second = self.eval(e[3])
        self.path = path
        phi = v.Phi((first, second), branch, self)
        phi.expr = e
        return phi

    def lambda_(self, e: Any) -> v.Value:
        function = self.function.module.functions[e[1]]
        value = v.FunctionValue(function, e, self)
        function.bound = value
        return value

    def comprehension(self, e: Any) -> v.Value:
        env, outside = self.env, self.loop_stack
        self.env = dict(env)
        bindings = self.bindings
        loops = []
        for target, iterable, tests in e[3]:
            value = self.eval(iterable)
            loop = Loop("comprehension", self, e[4], e[6], self.path, self.loop_stack)
            loop.iterable, loop.target, loop.expr = value, target, iterable
            self.loops.append(loop)
            loops.append(loop)
            self.loop_stack = (*self.loop_stack, loop)
            self.bindings = {}
            self.assign(target, v.Elem(value, loop, target, self))
            self.bindings = bindings
            for test in tests:
                self.test("if", self.eval(test), test)
        element = self.eval(e[2])
        self.env, self.loop_stack = env, outside
        return v.Comprehension(e[1], element, tuple(loops), e, self)

    def starred(self, e: Any) -> v.Value:
        return v.Star(self.eval(e[1]), e, self)

    def yielded(self, e: Any) -> v.Value:
        if e[1] is not None:
            self.yields.append(self.eval(e[1]))
        else:
            self.yields.append(v.Const(None))
        return v.Unknown(e, self)

    def walrus(self, e: Any) -> v.Value:
        value = self.eval(e[2])
        self.assign(e[1], value)
        return value

    def formatted(self, e: Any) -> v.Value:
        return v.Text(tuple([self.eval(p) for p in e[1]]), e, self)


_new = tuple.__new__  # what a named tuple's own constructor calls, without the call around it
_STEADY = frozenset({v.External, v.ModuleValue, v.FunctionValue, v.ClassValue})


def _needs_python(base: v.Value, index: v.Value) -> bool:
    """`x[:n]` and `[a, b][n]`: Python itself must know the index."""
    if isinstance(index, v.Sequence):
        if index.kind == "slice":
            return any(not isinstance(p, v.Const) for p in index.items)
        return index.kind == "tuple" and any(isinstance(i, v.Sequence) and _needs_python(base, i) for i in index.items)
    return not isinstance(index, v.Const) and isinstance(base, (v.Sequence, v.Mapping))


def _is_overload(value: v.Value) -> bool:
    return isinstance(value, v.Call) and isinstance(value.func, v.External) and value.func.name in _OVERLOADS


_OVERLOADS = frozenset({"typing.overload", "typing_extensions.overload"})


def _starred(items: tuple[v.Value, ...]) -> bool:
    return any(isinstance(i, v.Star) for i in items)


def assigned_names(statements: tuple[Any, ...]) -> set[str]:
    """The names that these statements bind, nested blocks included, nested functions not."""
    out: set[str] = set()
    waiting = [statements]
    while waiting:
        for s in waiting.pop():
            kind = s[0]
            if kind == "=":
                if s[2] is not None:
                    for target in s[1]:
                        _target_names(target, out)
            elif kind == "+=":
                _target_names(s[1], out)
            elif kind == "if":
                waiting += (s[2], s[3])
            elif kind == "for":
                _target_names(s[1], out)
                waiting += (s[3], s[4])
            elif kind == "while":
                waiting += (s[2], s[3])
            elif kind == "with":
                for _, target in s[1]:
                    if target is not None:
                        _target_names(target, out)
                waiting.append(s[2])
            elif kind == "try":
                waiting += (s[1], s[3], s[4])
                for _, name, body, _line in s[2]:
                    if name:
                        out.add(name)
                    waiting.append(body)
            elif kind == "match":
                for names, _, body in s[2]:
                    out.update(names)
                    waiting.append(body)
            elif kind == "import":
                out.update([name for name, _, _ in s[1]])
            elif kind == "def" or kind == "class":
                out.add(s[-1])
            elif kind in ("global", "nonlocal"):
                out.difference_update(s[1])
    return out


def _target_names(target: Any, out: set[str]) -> None:
    kind = target[0]
    if kind == "n":
        out.add(target[1])
    elif kind == "T":
        for item in target[2]:
            _target_names(item, out)
    elif kind == "*":
        _target_names(target[1], out)


_FOLLOW = {
    "e": Flow.do_expression,
    "=": Flow.do_assign,
    "+=": Flow.do_augmented,
    "r": Flow.do_return,
    "if": Flow.do_if,
    "for": Flow.do_for,
    "while": Flow.do_while,
    "with": Flow.do_with,
    "try": Flow.do_try,
    "match": Flow.do_match,
    "def": Flow.do_def,
    "class": Flow.do_class,
    "import": Flow.do_import,
    "global": Flow.do_declare,
    "nonlocal": Flow.do_declare,
    "del": Flow.do_delete,
    "assert": Flow.do_assert,
    "raise": Flow.do_raise,
    "break": Flow.do_jump,
    "continue": Flow.do_jump,
}

_EVAL = {
    "n": Flow.name,
    "k": Flow.constant,
    ".": Flow.attribute,
    "c": Flow.call,
    "[": Flow.subscript,
    ":": Flow.slice,
    "T": Flow.sequence,
    "D": Flow.mapping,
    "b": Flow.binary,
    "u": Flow.unary,
    "o": Flow.boolean,
    "<": Flow.compare,
    "?": Flow.conditional,
    "f": Flow.lambda_,
    "g": Flow.comprehension,
    "*": Flow.starred,
    "y": Flow.yielded,
    ":=": Flow.walrus,
    "F": Flow.formatted,
}
