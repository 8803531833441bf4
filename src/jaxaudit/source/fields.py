"""What a class of the project is to JAX: a pytree or not, which fields are static, how its instances hash."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.classes import classes_of, cls_fields, external_bases, lineage, method_of
from jaxaudit.source.knowledge import classes as known
from jaxaudit.source.provenance import expand, single

if TYPE_CHECKING:
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Class, Function


class ClassFacts(NamedTuple):
    """`pytree`: how JAX takes its instances apart ("" not at all). `hash`: "value", "identity", "none" or "pytree".

    `static`: names of the fields that are part of the tree's structure. `listed`: the children where the class lists
    them itself, else None. `holds`: "arrays" for models and their like.
    """

    pytree: str
    hash: str
    frozen: bool
    dataclass: bool
    holds: str
    static: frozenset[str]
    listed: frozenset[str] | None


def class_facts(program: Program, cls: Class) -> ClassFacts:
    key = program.keys["facts"]
    found = cls.memo.get(key)
    if found is None:
        cls.memo[key] = ClassFacts("", "identity", False, False, "", frozenset(), None)
        found = cls.memo[key] = _class_facts(program, cls)
    return found


def assigns_hash(cls: Class) -> bool:
    """`__hash__ = of_the_fields` in the body, which a dataclass keeps; not `__hash__ = None`."""
    assigned = [] if "__hash__" in cls.methods else cls.ready().namespace.get("__hash__", [])
    return bool(assigned) and not isinstance(assigned[-1], v.Const)


def _class_facts(program: Program, cls: Class) -> ClassFacts:
    pytree, hashed, frozen, dataclass, holds = "", "identity", False, False, ""
    static: set[str] = set()
    listed: set[str] | None = None
    for name in reversed(external_bases(program, cls)):
        kind = known.BASES.get(name)
        if kind is None:
            continue
        pytree = kind.pytree or pytree
        hashed = kind.hash if kind.hash != "inherit" else hashed
        frozen, dataclass, holds = frozen or kind.frozen, dataclass or kind.dataclass, kind.holds or holds
    for part in reversed(lineage(program, cls)):
        if assigns_hash(part):
            hashed = "value"
        elif "__hash__" in part.methods:
            hashed = "identity" if hashes_by_id(program, cls, part.methods["__hash__"]) else "value"
        elif "__eq__" in part.methods and "__hash__" not in part.ready().namespace:
            hashed = "none"
        if part is not cls:
            above = class_facts(program, part)
            static |= above.static
            pytree = pytree or above.pytree
        for decorator in part.ready().decorators:
            found, options = decorator_name(program, decorator)
            decorated = found or ""
            kind = known.DECORATORS.get(decorated)
            if kind is None:
                continue
            pytree = kind.pytree or pytree
            frozen, dataclass, holds = frozen or kind.frozen, dataclass or kind.dataclass, kind.holds or holds
            if kind.hash != "inherit" and "__hash__" not in part.methods and not assigns_hash(part):
                hashed = hash_by_options(program, decorated, kind.hash, options)
            if kind.pytree == "listed" and part is cls:
                meta, data = (
                    option_names(program, options, "meta_fields"),
                    option_names(program, options, "data_fields"),
                )
                static |= meta
                listed = data or None
    for name, default in field_defaults(program, cls).items():
        if is_static_default(program, default):
            static.add(name)
    for name, annotation in _annotations(program, cls).items():
        if c.known_name(program, _head(annotation)) in known.STATIC_ANNOTATIONS:
            static.add(name)
    if pytree == "" and set(cls.methods) & {"tree_flatten", "tree_unflatten"}:
        pytree = "hooks"
    if pytree == "hooks":
        for name in ("tree_flatten", "tree_flatten_with_keys"):
            method = method_of(program, cls, name)
            static |= auxiliary_names(method) if method is not None else set()
    registered = registrations(program).get(cls)
    if registered is not None:
        pytree, meta, data = registered
        static |= meta
        listed = data or listed
    return ClassFacts(
        pytree, hashed, frozen, dataclass, holds, frozenset(static), None if listed is None else frozenset(listed)
    )


def hashes_by_id(program: Program, cls: Class, method: Function) -> bool:
    """`return id(self)`, and no `__eq__` that compares by value: of such, JAX 0.10.2 finds an equal one by its `==`."""
    if any("__eq__" in part.methods for part in lineage(program, cls)):
        return False
    if any(known.BASES[base].hash != "identity" for base in external_bases(program, cls) if base in known.BASES):
        return False
    made = [r.value for r in method.flow.returns]
    return bool(made) and all(isinstance(x, v.Call) and c.known_name(program, x.func) == "builtins.id" for x in made)


def decorator_name(program: Program, decorator: v.Value) -> tuple[str | None, tuple[v.Call, ...]]:
    """`@dataclass`, `@dataclass(frozen=True)`, `@partial(register_dataclass, meta_fields=[...])`."""
    name = c.known_name(program, decorator)
    if name is not None:
        return name, ()
    made = single(program, decorator)
    if isinstance(made, v.Call):
        name = c.known_name(program, made.func)
        if name == "functools.partial" and made.args:
            return c.known_name(program, made.args[0]), (made,)
        return name, (made,)
    return None, ()


def hash_by_options(program: Program, name: str, default: str, options: tuple[v.Call, ...]) -> str:
    table = known.ATTRS_OPTIONS if name.startswith("attr") else known.DATACLASS_OPTIONS
    if not name.startswith(("attr", "dataclasses.", "chex.")):
        return default
    for keyword, wanted, result in table:
        for call in options:
            value = call.keyword(keyword)
            if value is not None and isinstance(value, v.Const) and value.value is wanted:
                return result
    return default


def option_names(program: Program, options: tuple[v.Call, ...], keyword: str) -> set[str]:
    from jaxaudit.source.tracing import constants

    out: set[str] = set()
    for call in options:
        value = call.keyword(keyword)
        if value is not None:
            out |= {x for x in constants(program, value) if isinstance(x, str)}
    return out


def field_defaults(program: Program, cls: Class) -> dict[str, v.Value]:
    """Fields with what the class body assigns to them."""
    out: dict[str, v.Value] = {}
    for part in reversed(lineage(program, cls)):
        names = cls_fields(part)
        for name, bound in part.ready().namespace.items():
            if name in names and bound:
                out[name] = bound[-1]
    return out


def is_static_default(program: Program, default: v.Value) -> bool:
    """`eqx.field(static=True)`, `struct.field(pytree_node=False)`, `field(metadata={"static": True})`, `partial`s of them."""
    if not isinstance(default, v.Call):
        return False
    calls = [default]
    made = single(program, default.func)
    name = c.known_name(program, made)
    if isinstance(made, v.Call) and c.known_name(program, made.func) == "functools.partial":
        calls.append(made)
        name = c.known_name(program, made.args[0]) if made.args else None
    options = known.STATIC_FIELDS.get(name or "")
    if options == {}:
        return True
    for call in calls:
        for keyword, wanted in (options or {}).items():
            value = call.keyword(keyword)
            if value is not None and isinstance(value, v.Const) and value.value is wanted:
                return True
        metadata = call.keyword("metadata")
        if isinstance(metadata, (v.Mapping, v.Call)):
            for keyword, wanted in known.STATIC_METADATA.items():
                value = metadata.get(keyword) if isinstance(metadata, v.Mapping) else metadata.keyword(keyword)
                if isinstance(value, v.Const) and value.value is wanted:
                    return True
    return False


def _annotations(program: Program, cls: Class) -> dict[str, v.Value]:
    out: dict[str, v.Value] = {}
    for part in reversed(lineage(program, cls)):
        flow = part.ready().flow
        for name, row in cls_fields(part).items():
            if flow is not None:
                out[name] = flow.detached(row[0])
    return out


def _head(annotation: v.Value) -> v.Value:
    return annotation.base if isinstance(annotation, v.Item) else annotation


def annotations_of(program: Program, cls: Class) -> dict[str, v.Value]:
    """Each field's annotation as a value, those of the bases first."""
    key = program.keys["annotations"]
    found = cls.memo.get(key)
    if found is None:
        found = cls.memo[key] = _annotations(program, cls)
    return found


def registrations(program: Program) -> dict[Class, tuple[str, set[str], set[str]]]:
    """Classes that are made pytrees by a call: `jax.tree_util.register_pytree_node(Model, flatten, unflatten)`."""
    key = program.keys["registrations"]
    found = program.memo.get(key)
    if found is None:
        found = program.memo[key] = {}
        program.graph.link_words({n.rpartition(".")[2] for n in known.REGISTRATIONS})
        for function in program.functions_using({n.rpartition(".")[2] for n in known.REGISTRATIONS}):
            for call in list(function.flow.calls):
                row = known.REGISTRATIONS.get(c.known_name(program, call.func) or "")
                if row is None or len(call.args) <= row[0]:
                    continue
                for cls in _classes_in(program, call.args[row[0]]):
                    meta = option_names(program, (call,), "meta_fields")
                    if row[1] == "hooks" and len(call.args) > row[0] + 1:
                        for target in c.targets(program, call.args[row[0] + 1]):
                            meta |= auxiliary_names(target.function)
                            cls.memo.setdefault("flatteners", []).append(target.function)
                    cls.memo["registered"] = call
                    found[cls] = (row[1], meta, option_names(program, (call,), "data_fields"))
    return found


def _classes_in(program: Program, value: v.Value, depth: int = 0) -> Iterator[Class]:
    """The classes that a name stands for: in a loop over several, or handed to a function that registers them."""
    if isinstance(value, v.ClassValue):
        yield value.cls
    elif isinstance(value, v.Param) and depth < 4:
        for call, source in program.sources(value):
            if call is not None:
                yield from _classes_in(program, source, depth + 1)
    elif depth < 4:
        for step in expand(program, value):
            yield from _classes_in(program, step, depth + 1)


def auxiliary_names(flatten: Function) -> set[str]:
    """The attributes that a flatten function returns beside the children: `return (self.w,), (self.n,)` gives n."""
    return {attr.name for attr in _auxiliaries(flatten)}


def auxiliary(program: Program, cls: Class, name: str) -> v.Attr | None:
    """Where a class's flatten function hands an attribute over as part of the structure."""
    methods = [method_of(program, cls, hook) for hook in ("tree_flatten", "tree_flatten_with_keys")]
    for function in (*cls.memo.get("flatteners", ()), *methods):
        for attr in _auxiliaries(function) if function is not None else ():
            if attr.name == name:
                return attr
    return None


def _auxiliaries(flatten: Function) -> list[v.Attr]:
    out: list[v.Attr] = []
    for returned in flatten.flow.returns:
        pair = returned.value
        if isinstance(pair, v.Sequence) and len(pair.items) == 2:
            waiting = [pair.items[1]]
            while waiting:
                value = waiting.pop()
                if isinstance(value, v.Attr) and isinstance(value.base, v.Param):
                    out.append(value)
                elif isinstance(value, v.Sequence | v.Mapping):
                    waiting += value.parts()
    return out


def is_static_field(program: Program, attr: v.Attr) -> bool:
    """`self.n` where n is a static field, or where the object is no pytree at all and so is never traced itself."""
    for cls in classes_of(program, attr.base):
        facts = class_facts(program, cls)
        if attr.name in facts.static:
            return True
        if facts.listed is not None and attr.name not in facts.listed:
            return True
    return False


def annotation_heads(program: Program, annotation: v.Value) -> list[str]:
    """The dotted names that an annotation is made of: `Float[Array, "n"] | None` gives jaxtyping.Float."""
    if isinstance(annotation, v.Op):
        return [n for o in annotation.operands for n in annotation_heads(program, o)]
    if isinstance(annotation, v.Item):
        head = c.known_name(program, annotation.base)
        if head in ("typing.Optional", "typing.Union", "typing.Annotated", "typing.Final", "typing.ClassVar"):
            index = annotation.index
            parts = index.items if isinstance(index, v.Sequence) else (index,)
            return [n for p in parts for n in annotation_heads(program, p)]
        return [head] if head else []
    if isinstance(annotation, v.Const):
        return [] if annotation.value is None else [f"builtins.{annotation.value!r}"]
    name = c.known_name(program, annotation)
    if name is not None:
        return [name]
    settled: Any = v.settle(annotation)
    return annotation_heads(program, settled) if settled is not annotation else []
