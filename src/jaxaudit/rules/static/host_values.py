"""Whether a traced parameter is meant to be a plain Python value: what callers, annotation, default and name say."""

import re
from typing import NamedTuple

from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.classes import classes_of, lineage
from jaxaudit.source.fields import annotation_heads, class_facts, decorator_name
from jaxaudit.source.kinds import Kind, kind_of
from jaxaudit.source.knowledge.classes import DECORATORS, HOST_ANNOTATIONS
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Class, Function

HOST_KINDS = frozenset({"int", "bool", "str", "float", "function", "class", "dtype", "shape"})
_NAMES = re.compile(
    r"^(n|m|k|num|axis|axes|dim|ndim|size|shape|mode|method|kind|order|degree|depth|train|training|is_training|"
    r"deterministic|verbose|debug|flag|reverse|causal|normali[sz]e|reduction|activation|config|cfg|length|count|steps)$"
    r"|^(n|num|max|is|use|has|do|with|return|apply|include|enable|compute)_|_(size|dim|dims|axis|axes|steps|len|length|mode|"
    r"order|shape|type|flag|bins|layers|iters?|iterations|degree)$"
)
_HOST_HEADS = HOST_ANNOTATIONS - {"builtins.float", "builtins.complex"}


class HostEvidence(NamedTuple):
    """`handed`: what callers pass through the wrapper; `left_out`: some caller leaves it at its default.

    `host` of the handed values are plain Python values, `arrays` arrays or tracers. `declared` is what the annotation
    or the default says ("int", "bool", "str", ... or ""), `named` whether the name alone sounds like configuration.
    """

    handed: tuple[tuple[v.Call, v.Value], ...]
    left_out: bool
    host: tuple[tuple[v.Call, v.Value, Kind], ...]
    arrays: tuple[tuple[v.Call, v.Value], ...]
    declared: str
    named: bool

    @property
    def is_host(self) -> bool:
        """Somebody hands a plain Python value, or the signature says so, and nobody hands an array."""
        return not self.arrays and bool(self.host or self.declared)

    @property
    def never_handed(self) -> bool:
        return self.left_out and not self.handed


def host_evidence(program: Program, function: Function, name: str, use: c.TransformUse) -> HostEvidence:
    key = ("host", name, id(use))
    found = function.memo.get(key)
    if found is None:
        found = function.memo[key] = _evidence(program, function, name, use)
    return found


def _evidence(program: Program, function: Function, name: str, use: c.TransformUse) -> HostEvidence:
    handed: list[tuple[v.Call, v.Value]] = []
    left_out = False
    for edge in program.graph.callers(function):
        if not any(u.call is use.call for u in edge.target.chain):
            continue
        value = bind(edge.call, edge.target).get(name)
        if value is not None:
            handed.append((edge.call, value))
        else:
            left_out = True
    host, arrays = [], []
    for call, value in handed:
        kind = kind_of(program, value)
        if kind.is_array or kind.what in ("key", "keys") or program.tracing.tracer(value) is not None:
            arrays.append((call, value))
        elif kind.what in HOST_KINDS or is_no_pytree(program, value, kind):
            host.append((call, value, kind))
    return HostEvidence(
        tuple(handed),
        left_out,
        tuple(host),
        tuple(arrays),
        declared(program, function, name),
        bool(_NAMES.search(name)),
    )


def is_no_pytree(program: Program, value: v.Value, kind: Kind) -> bool:
    """An instance that JAX can't take apart: handed to a traced parameter it raises."""
    if kind.what != "instance":
        return False
    classes = classes_of(program, value)
    return bool(classes) and all(is_plain_class(program, cls) for cls in classes)


def is_plain_class(program: Program, cls: Class) -> bool:
    """A class of which all bases and decorators are known, and none of them makes it a pytree."""
    if class_facts(program, cls).pytree:
        return False
    for part in lineage(program, cls):
        if part.keywords or "__init_subclass__" in part.methods:
            return False
        for base in part.ready().bases:
            known = v.settle(base)
            if known.__class__ is not v.ClassValue and c.known_name(program, known) not in _PLAIN_BASES:
                return False
        if any(decorator_name(program, d)[0] not in DECORATORS for d in part.decorators):
            return False
    return True


_PLAIN_BASES = frozenset({"builtins.object", "abc.ABC"})


def declared(program: Program, function: Function, name: str) -> str:
    """`n: int`, `mode="same"`, `train=True`: what kind of plain value the signature speaks of, "" if of none."""
    parameter = function.parameter(name)
    if parameter is None:
        return ""
    outer = (function.parent or function.module.function).flow
    if parameter.annotation is not None:
        heads = annotation_heads(program, outer.detached(parameter.annotation))
        heads = [h for h in heads if h != "builtins.None"]
        if heads and all(h in _HOST_HEADS for h in heads):
            return heads[0].rpartition(".")[2]
        if heads:
            return ""
    if parameter.default is not None:
        kind = kind_of(program, outer.detached(parameter.default))
        if kind.what in ("int", "bool", "str", "function"):
            return kind.what
    return ""
