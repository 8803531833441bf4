"""Which values can't be hashed, and why, in words."""

from jaxaudit.rules.static.fresh_objects import known_class
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.classes import all_fields, lineage
from jaxaudit.source.fields import annotation_heads, annotations_of, class_facts, field_defaults
from jaxaudit.source.kinds import kind_of
from jaxaudit.source.knowledge.classes import ARRAY_ANNOTATIONS, UNHASHABLE
from jaxaudit.source.program import Program
from jaxaudit.source.provenance import single
from jaxaudit.source.scopes import Class

_ARRAYS = frozenset({"numpy.ndarray", "jax.Array"})
_JOINED = frozenset({"Add", "Mult"})
_LITERALS = {"list": "a list", "set": "a set"}
_RESULTS = {
    "builtins.sorted": "a list",
    "builtins.vars": "a dict",
    "dataclasses.asdict": "a dict",
    "json.load": "a dict",
    "json.loads": "a dict",
    "yaml.safe_load": "a dict",
    "yaml.load": "a dict",
    "tomllib.load": "a dict",
    "jax.tree.leaves": "a list",
}
_METHODS = {"tolist": "a list", "to_dict": "a dict", "parse_args": "an `argparse.Namespace`"}
_COMPREHENSIONS = {"ListComp": "a list", "SetComp": "a set", "DictComp": "a dict"}


def unhashable(program: Program, value: v.Value, depth: int = 0) -> tuple[str, Class | None]:
    """In words, why a value can't be hashed, and the project's class that makes it so; ("", None) where it can."""
    kind = value.__class__
    if kind is v.Sequence:
        if value.kind in _LITERALS:  # type: ignore[attr-defined]
            return _LITERALS[value.kind], None  # type: ignore[attr-defined]
        if value.kind == "tuple" and depth < 3:  # type: ignore[attr-defined]
            for item in value.items:  # type: ignore[attr-defined]
                what, cls = unhashable(program, item, depth + 1)
                if what:
                    return f"a tuple that holds {what}", cls
        return "", None
    if kind is v.Mapping:
        return "a dict", None
    if kind is v.Op and value.name in _JOINED and depth < 3:  # type: ignore[attr-defined]
        for operand in value.operands:  # type: ignore[attr-defined]
            if unhashable(program, operand, depth + 1)[0] == "a list":  # a list plus a list, a list times a number
                return "a list", None
        return "", None
    if kind is v.Comprehension:
        return _COMPREHENSIONS.get(value.kind, ""), None  # type: ignore[attr-defined]
    if kind is v.Call:
        name = c.known_name(program, value.func)  # type: ignore[attr-defined]
        if name is not None:
            if name in UNHASHABLE - _ARRAYS:
                return f"a `{name.rpartition('.')[2]}`", None
            return _RESULTS.get(name, ""), None
        made = v.settle(value.func)  # type: ignore[attr-defined]
        if made.__class__ is v.ClassValue:
            what, cls = unhashable_class(program, made.cls)
            return (what, cls) if what or depth > 1 else unhashable_part(program, made.cls, value)  # type: ignore[arg-type]
        if isinstance(value.func, v.Attr) and value.func.name in _METHODS and not c.targets(program, value.func):  # type: ignore[attr-defined]
            return _METHODS[value.func.name], None  # type: ignore[attr-defined]
        for target in c.targets(program, value.func) if depth < 3 else ():  # type: ignore[attr-defined]
            if target.function.name != "__init__" and not target.chain:
                for returned in target.function.flow.returns:
                    what, cls = unhashable(program, returned.value, depth + 1)
                    if what:
                        return what, cls
    return "", None


def unhashable_class(program: Program, cls: Class) -> tuple[str, Class | None]:
    facts = class_facts(program, cls)
    if not known_class(program, cls):
        return "", None
    if facts.hash == "pytree" or (facts.hash == "value" and facts.pytree and facts.dataclass):
        field = array_field(program, cls)
        return (f"an object of `{cls.name}`, whose `{field}` is an array", cls) if field else ("", None)
    if facts.hash != "none":
        return "", None
    why = "a dataclass that is not frozen" if facts.dataclass else "a class with `__eq__` and without `__hash__`"
    if "__eq__" not in cls.methods and not facts.dataclass:
        why = "a class whose instances can't be hashed"
    return f"an object of `{cls.name}`, {why}", cls


def array_field(program: Program, cls: Class) -> str:
    """The first field that holds an array and takes part in the hash."""
    if any("__hash__" in part.methods for part in lineage(program, cls)):
        return ""
    for name, annotation in annotations_of(program, cls).items():
        heads = [h for h in annotation_heads(program, annotation) if h != "builtins.None"]
        if heads and all(h in ARRAY_ANNOTATIONS and not h.endswith("Like") for h in heads):
            return name
    return ""


def unhashable_part(program: Program, cls: Class, made: v.Call) -> tuple[str, Class | None]:
    """A frozen dataclass or NamedTuple hashes its fields: one that is handed (or defaults to) a list can't be."""
    facts = class_facts(program, cls)
    own = any({"__hash__", "__init__", "__post_init__", "__new__"} & set(p.methods) for p in lineage(program, cls))
    if facts.hash != "value" or not facts.dataclass or own or any(isinstance(a, v.Star) for a in made.args):
        return "", None
    defaults = field_defaults(program, cls)
    for position, name in enumerate(all_fields(program, cls)):
        default = defaults.get(name)
        options = default if isinstance(default, v.Call) else None
        if options is not None and any(options.keyword(option) for option in ("compare", "hash", "converter")):
            continue
        handed = made.argument(position, name)
        what = ""
        if handed is not None:
            what = unhashable(program, single(program, handed), 2)[0]
            if not what and is_an_array(program, handed, declared=name == array_field(program, cls)):
                what = "an array"
        elif options is not None and options.keyword("default_factory") is not None:
            what = made_by(program, options.keyword("default_factory"))  # type: ignore[arg-type]
        if what:
            return f"an object of `{cls.name}`, whose `{name}` is {what}", cls
    return "", None


def is_an_array(program: Program, handed: v.Value, *, declared: bool) -> bool:
    """An array by what it is, or by the field's annotation where the source leaves it open."""
    kind = kind_of(program, handed)
    if kind.is_array:
        return kind.library == "jax" or bool(kind.shape)
    return declared and kind.what == "unknown"


def made_by(program: Program, factory: v.Value) -> str:
    """What an unhashable default is, that a `default_factory` makes."""
    name = (c.known_name(program, factory) or "").removeprefix("builtins.")
    if name:
        return "a dict" if name == "dict" else _LITERALS.get(name, "")
    for target in c.targets(program, factory):
        for returned in target.function.flow.returns:
            return unhashable(program, returned.value, 2)[0]
    return ""


def is_unfrozen(program: Program, cls: Class) -> bool:
    facts = class_facts(program, cls)
    return facts.dataclass and facts.hash == "none"
