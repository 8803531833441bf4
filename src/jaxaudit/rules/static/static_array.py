"""An array in a static argument or a static field."""

from collections.abc import Iterator

from jaxaudit.model import Finding, Note
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.rules.static.origins import argument_expr, function_of, handed_statics, origins
from jaxaudit.rules.static.pytree_arguments import field_place, settings, stored_place
from jaxaudit.rules.static.static_array_seen import observe
from jaxaudit.rules.static.static_options import how_static, static_place
from jaxaudit.source import values as v
from jaxaudit.source.classes import cls_fields, lineage, method_of, stores_on_self
from jaxaudit.source.facts import text
from jaxaudit.source.fields import annotation_heads, annotations_of, class_facts
from jaxaudit.source.kinds import Kind, kind_of
from jaxaudit.source.knowledge.classes import ARRAY_ANNOTATIONS
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Class

_HELD = ("typing.Optional", "typing.Union")
_WORDS = ("field", "static_field", "register_dataclass", "static", "Static",
          "register_pytree_node_class", "register_pytree_node", "register_pytree_with_keys_class")  # fmt: skip
_NO_ARRAYS = frozenset({"jax.typing.ArrayLike", "numpy.typing.ArrayLike", "chex.Numeric", "jaxtyping.ArrayLike",
                        "jaxtyping.ScalarLike"})  # fmt: skip


def match(program: Program) -> Iterator[Finding]:
    yield from static_arguments(program)
    yield from static_fields(program)


def static_arguments(program: Program) -> Iterator[Finding]:
    told: set[tuple[int, str]] = set()
    for handed in handed_statics(program):
        key = (id(handed.site.call), handed.name)
        call = handed.call
        if key in told or program.tracing.context(function_of(call)) is not None:
            continue  # under a trace it is traced-static's
        found = next(
            (
                (o.value, sure)
                for o in origins(program, handed.value, (call,))
                if (sure := certainty_of_array(kind_of(program, o.value)))
            ),
            None,
        )
        if found is None:
            continue
        told.add(key)
        value, sure = found
        written = argument_expr(call, handed.value)
        notes = [Note(static_place(program, handed.site, handed.name), f"`{handed.name}` is static here")]
        if value.expr is not None and value.flow is not None and value is not handed.value:
            notes.append(Note(program.place(value.flow, value.expr), "the array is made here"))
        assert call.flow is not None
        yield RULE.found(
            program.place(call.flow, written),
            f"`{text(written, 40)}` is an array, and `{handed.name}` of the jitted `{handed.site.function.name}` is "
            "static: "
            "arrays can't be hashed, and the call raises an error",
            0.4 if any(branch.kind == "try" for branch, _ in call.path) else sure,
            facts={"parameter": handed.name, "function": handed.site.function.name, "value": text(written, 40),
                   "static": how_static(handed.site)},
            notes=notes,
            help=f"Trace `{handed.name}`; where a number is needed, hand in `int(...)` or `.item()`.",
        )  # fmt: skip


def certainty_of_array(kind: Kind) -> float:
    """A JAX array of any size raises; a NumPy scalar (`np.prod(shape)`) is fine, a NumPy array is not."""
    if kind.what in ("key", "keys"):
        return 0.9
    if not kind.is_array:
        return 0.0
    if kind.library == "numpy":
        return 0.9 if kind.shape else 0.0
    return 0.9 if kind.library == "jax" else 0.5


# -- fields ------------------------------------------------------------------------------------------------------------


def static_fields(program: Program) -> Iterator[Finding]:
    modules = {id(m): m for word in _WORDS for m, _ in program.index.get(word, ()) if not m.context}
    for module in modules.values():
        for cls in module.classes:
            facts = class_facts(program, cls)
            for name in sorted(facts.static):
                if name not in cls_fields(cls) and facts.pytree != "hooks":
                    continue  # a base's field
                finding = static_field(program, cls, name)
                if finding is not None:
                    yield finding


def static_field(program: Program, cls: Class, name: str) -> Finding | None:
    annotation = annotations_of(program, cls).get(name)
    declared = annotation is not None and names_array(program, annotation)
    made = next(
        (
            (call, value)
            for call, value in settings(program, cls, name, [])
            if method_of(program, cls, "__init__") is None or stored_plainly(program, cls, name)
            if certainty_of_array(kind_of(program, value)) >= 0.9
        ),
        None,
    )
    if not declared and made is None:
        return None
    place = field_place(program, cls, name) or stored_place(program, cls, name)
    notes = []
    if made is not None and made[0].flow is not None:
        call, value = made
        notes.append(Note(program.place(call.flow, argument_expr(call, value)), "it gets an array here"))
    return RULE.found(
        place,
        f"`{name}` of `{cls.name}` holds an array and is a static field: it becomes pytree metadata, which is "
        "compared with "
        "`==`; a second object raises an error, or the first one's values stay compiled in",
        0.6
        if made is not None and is_scalar(program, made[1])
        else 0.9
        if declared or annotation is None or not says_plain(annotation)
        else 0.5,
        facts={"field": name, "class": cls.name, "kind": "static field"},
        notes=notes,
        help=f"Make `{name}` a normal field (a leaf), so that it is traced.",
    )


def is_scalar(program: Program, value: v.Value) -> bool:
    """An array of no dimensions compares to one bool: it is no error, and each new value compiles again."""
    return kind_of(program, value).shape == ()


def says_plain(annotation: v.Value) -> bool:
    """`tuple[int, ...]`, `str`: the field is declared as what can be compared, so the array may be converted first."""
    if isinstance(annotation, v.Item):
        return says_plain(annotation.base)
    if isinstance(annotation, v.Op):
        return any(says_plain(operand) for operand in annotation.operands)
    return isinstance(annotation, v.External) and annotation.name in PLAIN_TYPES


PLAIN_TYPES = frozenset(f"builtins.{name}" for name in ("tuple", "int", "float", "bool", "str", "frozenset"))


def stored_plainly(program: Program, cls: Class, name: str) -> bool:
    """`self.mask = mask` and nothing else, under no condition."""
    stores = [s for part in lineage(program, cls) for s in stores_on_self(part) if s.name == name]
    return len(stores) == 1 and not stores[0].path and isinstance(stores[0].value, v.Param)


TYPES = frozenset({"jaxtyping.Array"})


def names_array(program: Program, annotation: v.Value) -> bool:
    if isinstance(annotation, v.External) and annotation.name.startswith("jaxtyping.") and annotation.name not in TYPES:
        return False  # `Int` alone says no shape: perhaps a plain number
    heads = [h for h in annotation_heads(program, annotation) if h != "builtins.None"]
    return bool(heads) and all(h in ARRAY_ANNOTATIONS and h not in _NO_ARRAYS for h in heads)


RULE = Rule(
    name="static-array",
    title="array in a static argument or field",
    severity="error",
    dont="Hand an array to a static argument, or keep one in a static field of a pytree.",
    do="Trace it: a normal argument, a normal field.",
    why="Static values are hashed and compared with `==`, and arrays can be neither. On JAX 0.10.2 and 0.12.0.1 a "
    "`jax.Array` "
    "(also `jnp.int32(3)`) or `np.ndarray` as a static argument raises at the first call; as a static field the "
    "first object works, "
    "with the array as a constant of the program, and the second one raises while the fields are compared.",
    allowed="NumPy scalars are hashable numbers. A wrapper that hashes by content (a tuple, bytes) may be static.",
    may_break="A traced array can't decide shapes or Python branches.",
    sees=("source", "run"),
    needs=("argument_values",),
    examples=(
        Example(
            "an array for a count",
            dont=Sample(
                """import functools

import jax
import jax.numpy as jnp


@functools.partial(jax.jit, static_argnames=("count",))
def take(x, count):
    return x[:count]


best = jnp.argmax(jnp.arange(3))
take(jnp.ones(4), best)  # fault
""",
                shows="'Non-hashable static arguments' in raised",
            ),
            do=Sample(
                """import functools

import jax
import jax.numpy as jnp


@functools.partial(jax.jit, static_argnames=("count",))
def take(x, count):
    return x[:count]


best = int(jnp.argmax(jnp.arange(3)))
take(jnp.ones(4), best)
""",
                shows="compiles('take') == 1",
            ),
        ),
        Example(
            "turns over an array",
            dont=Sample(
                """import jax
import jax.numpy as jnp


def shift(x, by):
    return x + by


fast_shift = jax.jit(shift, static_argnums=1)
for by in jnp.arange(2):
    fast_shift(jnp.ones(3), by)  # fault
""",
                shows="'Non-hashable static arguments' in raised",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


def shift(x, by):
    return x + by


fast_shift = jax.jit(shift)
for by in jnp.arange(2):
    fast_shift(jnp.ones(3), by)
""",
                shows="compiles('shift') == 1",
            ),
        ),
        Example(
            "a static field",
            dont=Sample(
                """import jax
import jax.numpy as jnp
import numpy as np
from flax import struct


@struct.dataclass
class Detector:
    gain: jax.Array
    dark: np.ndarray = struct.field(pytree_node=False)  # fault


@jax.jit
def calibrate(detector, frame):
    return (frame - detector.dark) * detector.gain


for level in (0.1, 0.2):
    calibrate(Detector(jnp.ones(()), np.full(4, level)), jnp.ones(4))
""",
                shows="'metadata' in raised",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp
import numpy as np
from flax import struct


@struct.dataclass
class Detector:
    gain: jax.Array
    dark: np.ndarray


@jax.jit
def calibrate(detector, frame):
    return (frame - detector.dark) * detector.gain


for level in (0.1, 0.2):
    calibrate(Detector(jnp.ones(()), np.full(4, level)), jnp.ones(4))
""",
                shows="compiles('calibrate') == 1",
            ),
        ),
    ),
    allowed_samples=(
        Sample(
            """import functools

import jax
import jax.numpy as jnp
import numpy as np


@functools.partial(jax.jit, static_argnames=("count",))
def take(x, count):
    return x[:count]


take(jnp.ones(4), np.int64(3))
take(jnp.ones(4), np.prod((1, 2)))
""",
            shows="not raised",
        ),
    ),
    match=match,
    observe=observe,
)
