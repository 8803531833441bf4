"""What each kind of lowered statement does to the scope that is followed. True: what comes after it is not reached."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jaxaudit.source import values as v
from jaxaudit.source.bound_names import assigned_names
from jaxaudit.source.events import Branch, Loop, Return
from jaxaudit.source.expressions import EVAL

if TYPE_CHECKING:
    from jaxaudit.source.flow import Env, Flow
    from jaxaudit.source.scopes import Class


def expression(flow: Flow, s: Any) -> bool:
    EVAL[s[1][0]](flow, s[1])
    return False


def assign(flow: Flow, s: Any) -> bool:
    if s[2] is None:  # a declaration without a value
        return False
    value = EVAL[s[2][0]](flow, s[2])
    if s[4] is not None and isinstance(value, (v.Call, v.Unknown, v.Item, v.Attr)):
        flow.program.note_annotation(value, s[4], flow)
    for target in s[1]:
        flow.assign(target, value)
    return False


def augmented(flow: Flow, s: Any) -> bool:
    target = s[1]
    value = flow.eval(s[3])
    if target[0] == "n":
        before = flow.eval(target)
        result = v.Op(s[2], (before, value), ("b", s[2], target, s[3]), flow)
        flow.bind(target[1], result)
        flow.note_bind(target, result)
    elif target[0] == ".":
        before = flow.eval(target)
        result = v.Op(s[2], (before, value), ("b", s[2], target, s[3]), flow)
        base = before.base if isinstance(before, v.Attr) else None
        flow.store("attribute", base, target[2], result, True, target)
    elif target[0] == "[":
        base = flow.eval(target[1])
        flow.store("item", base, flow.eval(target[2]), value, True, target)
    return False


def return_(flow: Flow, s: Any) -> bool:
    value = v.Const(None) if s[1] is None else flow.eval(s[1])
    flow.order += 1
    flow.returns.append(Return(value, s[1], flow.path, flow.loop_stack, flow.order))
    return True


def if_(flow: Flow, s: Any) -> bool:
    test = flow.eval(s[1])
    flow.test("if", test, s[1])
    branch = Branch("if", test, s[4])
    flow.branches.append(branch)
    env = flow.env
    return flow.join(branch, [flow.arm(branch, 0, s[2], env), flow.arm(branch, 1, s[3], env)])


def for_(flow: Flow, s: Any) -> bool:
    iterable = flow.eval(s[2])
    loop = Loop("for", flow, s[5], s[7], flow.path, flow.loop_stack)
    loop.iterable, loop.target, loop.expr = iterable, s[1], s[2]
    flow.enter_loop(loop, s[3])
    outside, flow.loop_stack = flow.loop_stack, (*flow.loop_stack, loop)
    flow.assign(s[1], v.Elem(iterable, loop, s[1], flow))
    path = flow.path
    flow.block(s[3])
    flow.path = path
    flow.loop_stack = outside
    flow.leave_loop(loop, False)
    return flow.block(s[4])


def while_(flow: Flow, s: Any) -> bool:
    loop = Loop("while", flow, s[4], s[6], flow.path, flow.loop_stack)
    loop.expr = s[1]
    flow.enter_loop(loop, s[2])
    outside, flow.loop_stack = flow.loop_stack, (*flow.loop_stack, loop)
    loop.test = flow.eval(s[1])
    flow.test("while", loop.test, s[1])
    path = flow.path
    flow.block(s[2])
    flow.path = path
    flow.loop_stack = outside
    flow.leave_loop(loop, False)
    return flow.block(s[3])


def with_(flow: Flow, s: Any) -> bool:
    for context, target in s[1]:
        value = flow.eval(context)
        if target is not None:
            flow.assign(target, value)
    path = flow.path
    ended = flow.block(s[2])
    flow.path = path
    return ended


def try_(flow: Flow, s: Any) -> bool:
    branch = Branch("try", None, 0)
    before = flow.env
    body, ended = flow.arm(branch, 0, s[1] + s[3], before)
    envs = [(body, ended)]
    for index, (kind, name, statements, _line) in enumerate(s[2]):
        start = flow.merged([before, body], None) if body is not before else dict(before)
        if kind is not None:
            flow.env = start
            flow.eval(kind)
        if name:
            start[name] = v.Unknown(None, flow)
        envs.append(flow.arm(branch, index + 1, statements, start))
    ended = flow.join(branch, envs)
    return flow.block(s[4]) or ended


def match(flow: Flow, s: Any) -> bool:
    subject = flow.eval(s[1])
    branch = Branch("match", subject, s[3])
    env = flow.env
    envs: list[tuple[Env, bool]] = []
    for index, (names, guard, body) in enumerate(s[2]):
        start = dict(env)
        for name in names:
            start[name] = v.Item(subject, v.Unknown(), None, flow)
        flow.env = start
        if guard is not None:
            flow.test("if", flow.eval(guard), guard)
        envs.append(flow.arm(branch, index, body, flow.env))
    envs.append((env, False))
    return flow.join(branch, envs)


def def_(flow: Flow, s: Any) -> bool:
    function = flow.function.module.functions[s[1]]
    value: v.Value = v.FunctionValue(function, None, flow)
    for decorator in reversed(s[2]):
        value = flow.record(v.Call(flow.eval(decorator), (value,), (), decorator, flow, flow.path, flow.loop_stack,
                                   flow.order, True))  # fmt: skip
    function.bound = value
    if _is_overload(value):
        return False  # the definition that follows is the one that runs
    flow.bind(function.name, value)
    return False


def class_(flow: Flow, s: Any) -> bool:
    cls: Class = flow.function.module.classes[s[1]]
    outside = flow.env
    bindings, flow.bindings = flow.bindings, {}
    names, flow.locals = flow.locals, flow.locals | assigned_names(cls.body)
    flow.env = dict(outside)
    cls.bases = tuple([flow.eval(b) for b in cls.base_exprs])
    cls.keywords = tuple([(k, flow.eval(e)) for k, e in cls.keyword_exprs])
    flow.block(cls.body)
    cls.namespace = flow.bindings
    flow.env, flow.bindings, flow.locals = outside, bindings, names
    value: v.Value = v.ClassValue(cls, None, flow)
    decorators = [flow.eval(d) for d in cls.decorator_exprs]
    cls.decorators = tuple(decorators)
    cls.flow = flow
    flow.bind(cls.name, value)
    return False


def import_(flow: Flow, s: Any) -> bool:
    for name, module, attr in s[1]:
        flow.bind(name, flow.program.imported(flow.function.module, module, s[2], attr))
    return False


def declare(flow: Flow, s: Any) -> bool:
    for name in s[1]:
        flow.declared[name] = s[0]
        flow.env.pop(name, None)
    return False


def delete(flow: Flow, s: Any) -> bool:
    for target in s[1]:
        if target[0] == "n":
            flow.env.pop(target[1], None)
        else:
            gone = flow.eval(target)
            if isinstance(gone, v.Item) and not flow.quiet:
                flow.deleted.append((gone.base, flow.loop_stack))
    return False


def assert_(flow: Flow, s: Any) -> bool:
    flow.test("assert", flow.eval(s[1]), s[1])
    return False


def raise_(flow: Flow, s: Any) -> bool:
    if s[1] is not None:
        flow.eval(s[1])
    return True


def jump(flow: Flow, s: Any) -> bool:
    return True


def _is_overload(value: v.Value) -> bool:
    return isinstance(value, v.Call) and isinstance(value.func, v.External) and value.func.name in _OVERLOADS


_OVERLOADS = frozenset({"typing.overload", "typing_extensions.overload"})

FOLLOW: dict[str, Callable[[Flow, Any], bool]] = {
    "e": expression,
    "=": assign,
    "+=": augmented,
    "r": return_,
    "if": if_,
    "for": for_,
    "while": while_,
    "with": with_,
    "try": try_,
    "match": match,
    "def": def_,
    "class": class_,
    "import": import_,
    "global": declare,
    "nonlocal": declare,
    "del": delete,
    "assert": assert_,
    "raise": raise_,
    "break": jump,
    "continue": jump,
}
