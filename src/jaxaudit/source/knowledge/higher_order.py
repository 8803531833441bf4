"""Functions that call their function argument themselves, in the same trace: no transformation, but a call."""

from jaxaudit.source.knowledge.host_routines import REPEATING
from jaxaudit.source.knowledge.transforms import Feed, Slot

_LEAVES = ((Slot(0, "f"),), (Feed("element", 1, "tree"), Feed("operands", 2)))

# name -> (where the functions stand, what their parameters receive). "element": one leaf or item of that argument.
HIGHER_ORDER: dict[str, tuple[tuple[Slot, ...], tuple[Feed, ...]]] = {
    "jax.tree.map": _LEAVES,
    "jax.tree.map_with_path": ((Slot(0, "f"),), (Feed("index"), Feed("element", 1, "tree"))),
    "jax.tree.reduce": ((Slot(0, "function"),), (Feed("carry", 2, "initializer"), Feed("element", 1, "tree"))),
    "jax.tree.reduce_associative": ((Slot(0, "operation"),), (Feed("element", 1, "tree"), Feed("element", 1, "tree"))),
    "functools.reduce": ((Slot(0, ""),), (Feed("carry", 2, ""), Feed("element", 1, ""))),
    "builtins.map": ((Slot(0, ""),), (Feed("element", 1, ""), Feed("element", 2, ""))),
    "builtins.filter": ((Slot(0, ""),), (Feed("element", 1, ""),)),
    "builtins.sorted": ((Slot(-1, "key"),), (Feed("element", 0, ""),)),
    "builtins.min": ((Slot(-1, "key"),), (Feed("element", 0, ""),)),
    "builtins.max": ((Slot(-1, "key"),), (Feed("element", 0, ""),)),
    "itertools.starmap": ((Slot(0, ""),), ()),
    "itertools.accumulate": ((Slot(1, "func"),), (Feed("carry"), Feed("element", 0, ""))),
    "equinox.tree_at": ((Slot(0, "where"), Slot(3, "replace_fn")), (Feed("operand", 1, "pytree"),)),
    "equinox.partition": ((Slot(1, "filter_spec"),), (Feed("element", 0, "pytree"),)),
    "equinox.filter": ((Slot(1, "filter_spec"),), (Feed("element", 0, "pytree"),)),
    "optax.tree.map_params": ((Slot(1, "f"),), ()),
    "optax.tree_map_params": ((Slot(1, "f"),), ()),
    "optax.masked": ((Slot(1, "mask"),), ()),
    "flax.traverse_util.path_aware_map": ((Slot(0, "f"),), (Feed("index"), Feed("element", 1, "nested_dict"))),
    "flax.nnx.map": ((Slot(0, "f"),), (Feed("index"), Feed("element", 1, "node"))),
    "numpy.vectorize": ((Slot(0, "pyfunc"),), ()),
    "numpy.apply_along_axis": ((Slot(0, "func1d"),), (Feed("element", 2, "arr"),)),
    "numpy.fromfunction": ((Slot(0, "function"),), ()),
    **{name: (slots, ()) for name, slots in REPEATING.items()},
}

# wrappers whose result behaves as the function they are given: name -> where it stands. The call graph looks through.
# "partial": further arguments are bound in front (positions shift) and by keyword.
TRANSPARENT: dict[str, tuple[Slot, str]] = {
    "functools.partial": (Slot(0, "func"), "partial"),
    "functools.partialmethod": (Slot(0, "func"), "partial"),
    "jax.tree_util.Partial": (Slot(0, "func"), "partial"),
    "equinox.Partial": (Slot(0, "func"), "partial"),
    "functools.wraps": (Slot(0, "wrapped"), "decorator"),
    "functools.update_wrapper": (Slot(0, "wrapper"), "same"),
    "functools.singledispatch": (Slot(0, "func"), "same"),
    "functools.lru_cache": (Slot(0, ""), "cache"),
    "functools.cache": (Slot(0, "user_function"), "cache"),
    "functools.cached_property": (Slot(0, "func"), "cache"),
    "builtins.staticmethod": (Slot(0, ""), "same"),
    "builtins.classmethod": (Slot(0, ""), "same"),
    "builtins.property": (Slot(0, "fget"), "same"),
    "contextlib.contextmanager": (Slot(0, "func"), "same"),
    "jaxtyping.jaxtyped": (Slot(0, "fn"), "same"),
    "beartype.beartype": (Slot(0, "obj"), "same"),
    "typeguard.typechecked": (Slot(0, "target"), "same"),
    "chex.assert_max_traces": (Slot(0, "fn"), "same"),
    "equinox.module_update_wrapper": (Slot(0, "wrapper"), "same"),
    "equinox.debug.assert_max_traces": (Slot(0, "fn"), "same"),
    "flax.linen.compact": (Slot(0, "fun"), "same"),
    "flax.linen.nowrap": (Slot(0, "fun"), "same"),
    "flax.linen.named_call": (Slot(0, "class_fn"), "same"),
    "flax.nnx.split_rngs": (Slot(0, "node"), "same"),
    "haiku.transparent": (Slot(0, "method"), "same"),
    "haiku.name_like": (Slot(0, "method_name"), "decorator"),
    "jax.named_scope": (Slot(-1, ""), "decorator"),
    "jax.named_call": (Slot(0, "fun"), "same"),
    "jax.profiler.annotate_function": (Slot(0, "func"), "same"),
    "jax.disable_jit": (Slot(-1, ""), "decorator"),
    "typing.no_type_check": (Slot(0, "arg"), "same"),
    "typing.override": (Slot(0, "method"), "same"),
    "abc.abstractmethod": (Slot(0, "funcobj"), "same"),
}
