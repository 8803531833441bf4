"""Objects that equal only themselves and are made anew each time: lambdas, partials, plain instances, optimisers."""

from __future__ import annotations

from typing import NamedTuple

from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.classes import lineage
from jaxaudit.source.events import Loop
from jaxaudit.source.fields import class_facts, decorator_name
from jaxaudit.source.knowledge.classes import BASES, DECORATORS, FRESH_CLOSURES
from jaxaudit.source.knowledge.contexts import ONCE_PER_OBJECT
from jaxaudit.source.lifetime import Frequency, frequency, identity, repeats
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Class

_PLAIN_BASES = frozenset({"builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol"})


class Making(NamedTuple):
    """How often something is made anew: in a `loop`, or as often as the function around it runs."""

    loop: Loop | None
    often: Frequency
    per_object: bool = False

    @property
    def confidence(self) -> float:
        """How sure it is that more than one of them is made."""
        if self.loop is not None:
            return 0.9
        if self.often.how == "unknown" and self.per_object:
            return 0.0
        return {"many": 0.85, "few": 0.4, "unknown": 0.3}.get(self.often.how, 0.0)

    @property
    def again(self) -> str:
        """In words, for the end of a sentence."""
        if self.loop is not None:
            return f" (in each turn of the loop in line {self.loop.line})"
        return {"many": " (its function is called in a loop)", "few": " (its function is called several times)"}.get(
            self.often.how, ""
        )


def fresh_by_identity(program: Program, value: v.Value, depth: int = 0) -> tuple[str, v.Value] | None:
    """What kind of object an expression makes anew at each evaluation, equal to no other, and the value that does."""
    kind = value.__class__
    if depth > 6:
        return None
    if kind is v.FunctionValue:
        found = identity(program, value)
        return (f"a new {found.what}", value) if found.how in ("fresh", "here") else None
    if kind is v.Call:
        return _of_call(program, value, depth)  # type: ignore[arg-type]
    if kind is v.Attr:
        targets = c.targets(program, value)
        if targets and all(t.receiver is not None and not t.chain for t in targets):
            base = fresh_by_identity(program, value.base, depth + 1)  # type: ignore[attr-defined]
            return (f"a method of {base[0]}", base[1]) if base else None
        return None
    if kind is v.Sequence and value.kind == "tuple":  # type: ignore[attr-defined]
        for item in value.items:  # type: ignore[attr-defined]
            inner = fresh_by_identity(program, item, depth + 1)
            if inner:
                return inner
    return None


def _of_call(program: Program, call: v.Call, depth: int) -> tuple[str, v.Value] | None:
    name = c.known_name(program, call.func)
    if name == "functools.partial":
        return "a new `functools.partial`", call
    if name in FRESH_CLOSURES:
        return f"a new `{name.rpartition('.')[2]}(...)`, made of new functions", call
    if name is not None:
        use = c.transform_of(program, call)
        return (f"a new `{use.short}(...)`", call) if use is not None and use.spec.wraps else None
    made = v.settle(call.func)
    if made.__class__ is v.ClassValue:
        cls: Class = made.cls
        if hashes_by_identity(program, cls):
            by_id = any("__hash__" in part.methods for part in lineage(program, cls))
            why = "whose `__hash__` is its `id`" if by_id else "which has no `__eq__` and no `__hash__`"
            return f"a new object of `{cls.name}`, {why}", call
        facts = class_facts(program, cls)
        if facts.hash == "value" and facts.dataclass and "__eq__" not in cls.methods:
            for argument in (*call.args, *[x for _, x in call.kwargs]):
                inner = fresh_by_identity(program, argument, depth + 1)
                if inner:
                    return f"`{cls.name}` around {inner[0]}", call
        return None
    found = identity(program, call)
    if found.how == "fresh":
        return f"a new {found.what}", call
    for target in c.targets(program, call.func):
        if target.function.name == "__init__" or target.chain:
            continue
        returned = [fresh_by_identity(program, r.value, depth + 1) for r in target.function.flow.returns]
        if returned and all(returned):
            return returned[0][0], call  # type: ignore[index]
    return None


def hashes_by_identity(program: Program, cls: Class) -> bool:
    """A class whose instances have no value to compare by, as far as all its bases and decorators are known."""
    if class_facts(program, cls).hash != "identity" or not known_class(program, cls):
        return False
    own = [part.methods for part in lineage(program, cls)]
    if any("__hash__" in methods for methods in own):
        return True  # of `id(self)`
    return not any("__eq__" in methods for methods in own)


def known_class(program: Program, cls: Class) -> bool:
    """Whether all that could change how instances hash is known: bases, decorators, metaclass."""
    for part in lineage(program, cls):
        if "__init_subclass__" in part.methods or any(key == "metaclass" for key, _ in part.keywords):
            return False
        for base in part.ready().bases:
            known = v.settle(base.base if base.__class__ is v.Item else base)
            name = c.known_name(program, known)
            if known.__class__ is not v.ClassValue and name not in _PLAIN_BASES and name not in BASES:
                return False
        if any(decorator_name(program, d)[0] not in DECORATORS for d in part.decorators):
            return False
    return True


def making(program: Program, value: v.Value) -> Making:
    """How often the expression of a value is evaluated."""
    flow = value.flow
    if flow is None:
        return Making(None, Frequency("once"))
    if value.__class__ is v.Call:
        loops = value.loops
    else:
        line = value.function.line if value.__class__ is v.FunctionValue else 0
        loops = tuple([loop for loop in flow.loops if loop.line <= line <= loop.end_line])
    per_object = flow.function.owner is not None and flow.function.name in ONCE_PER_OBJECT
    return Making(repeats(loops), frequency(program, flow.function), per_object)
