"""Bases and decorators that make a class a pytree, which of its fields are static, and how its instances hash."""

# ruff: noqa: SIM905 (long lists of names read better as text)

from typing import NamedTuple


class ClassKind(NamedTuple):
    """What a base class or a decorator makes of a class.

    pytree: "fields" its annotated fields are children, "all" all attributes (object graph), "listed" those that the
        call lists, "hooks" its own flatten methods say, "static" the whole instance is static, "" no pytree.
    hash: how instances hash and compare: "identity", "value", "none" (unhashable), "pytree" (by leaves; unhashable
        where a leaf is an array), "inherit" no change.
    holds: "arrays" its fields usually hold arrays (a model), "" nothing known.
    frozen: instances can't be assigned to after construction.
    dataclass: annotations become fields and an `__init__`.
    """

    pytree: str
    hash: str = "inherit"
    holds: str = ""
    frozen: bool = False
    dataclass: bool = False


_EQX = ClassKind("fields", "pytree", "arrays", True, True)
_STRUCT = ClassKind("fields", "value", "", True, True)
_NNX = ClassKind("all", "identity", "arrays")

# base class -> what a subclass is.
BASES: dict[str, ClassKind] = {
    "equinox.Module": _EQX,
    "equinox.nn.StatefulLayer": _EQX,
    "equinox.Enumeration": ClassKind("static", "value", "", True),
    "flax.struct.PyTreeNode": _STRUCT,
    "flax.linen.Module": ClassKind("", "value", "", True, True),
    "flax.nnx.Module": _NNX,
    "flax.nnx.Object": _NNX,
    "flax.nnx.Pytree": _NNX,
    "flax.nnx.Variable": ClassKind("all", "none", "arrays"),
    "flax.training.train_state.TrainState": _STRUCT._replace(holds="arrays"),
    "haiku.Module": ClassKind("", "identity"),
    "zodiax.Base": _EQX,
    "zodiax.base.Base": _EQX,
    "penzai.core.struct.Struct": _EQX,
    "penzai.pz.Struct": _EQX,
    "simple_pytree.Pytree": ClassKind("all", "identity", "arrays"),
    "typing.NamedTuple": ClassKind("fields", "value", "", True, True),
    "collections.namedtuple": ClassKind("fields", "value", "", True, True),
    "builtins.tuple": ClassKind("", "value"),
    "builtins.dict": ClassKind("", "none"),
    "builtins.list": ClassKind("", "none"),
    "builtins.set": ClassKind("", "none"),
    "enum.Enum": ClassKind("static", "value", "", True),
    "enum.IntEnum": ClassKind("static", "value", "", True),
    "enum.StrEnum": ClassKind("static", "value", "", True),
    "enum.Flag": ClassKind("static", "value", "", True),
    "enum.IntFlag": ClassKind("static", "value", "", True),
    "types.SimpleNamespace": ClassKind("", "none"),
    "argparse.Namespace": ClassKind("", "none"),
    "pydantic.BaseModel": ClassKind("", "none", "", False, True),
    "msgspec.Struct": ClassKind("", "none", "", False, True),
    "numpyro.distributions.Distribution": ClassKind("hooks", "identity", "arrays"),
    "numpyro.distributions.distribution.Distribution": ClassKind("hooks", "identity", "arrays"),
    "distrax.Distribution": ClassKind("hooks", "identity", "arrays"),
    "optax.GradientTransformation": ClassKind("fields", "value"),
    "optax.GradientTransformationExtraArgs": ClassKind("fields", "value"),
    "brainstate.nn.Module": ClassKind("all", "identity", "arrays"),
    "brainstate.graph.Node": ClassKind("all", "identity", "arrays"),
    "brax.envs.base.Env": ClassKind("", "identity"),
    "brax.base.Base": ClassKind("fields", "none", "arrays", True, True),
    "tinygp.kernels.base.Kernel": _EQX,
    "tinygp.kernels.Kernel": _EQX,
    "diffrax.AbstractTerm": _EQX,
    "diffrax.AbstractSolver": _EQX,
    "diffrax.AbstractPath": _EQX,
    "optimistix.AbstractMinimiser": _EQX,
    "optimistix.AbstractLeastSquaresSolver": _EQX,
    "optimistix.AbstractRootFinder": _EQX,
    "lineax.AbstractLinearOperator": _EQX,
    "lineax.AbstractLinearSolver": _EQX,
}

# decorator -> what the decorated class becomes. Keywords that change it stand in DATACLASS_OPTIONS.
DECORATORS: dict[str, ClassKind] = {
    "dataclasses.dataclass": ClassKind("", "none", "", False, True),
    "flax.struct.dataclass": _STRUCT,
    "flax.nnx.dataclass": ClassKind("all", "identity", "arrays", False, True),
    "flax.nnx.register_data_type": ClassKind("", "inherit"),
    "chex.dataclass": ClassKind("fields", "none", "", False, True),
    "chex.mappable_dataclass": ClassKind("fields", "none", "", False, True),
    "jax_dataclasses.pytree_dataclass": ClassKind("fields", "value", "", True, True),
    "simple_pytree.dataclass": ClassKind("fields", "value", "", True, True),
    "tree_math.struct": ClassKind("fields", "value", "", True, True),
    "penzai.core.struct.pytree_dataclass": _EQX,
    "penzai.pz.pytree_dataclass": _EQX,
    "jax.tree_util.register_dataclass": ClassKind("listed"),
    "jax.tree_util.register_pytree_node_class": ClassKind("hooks"),
    "jax.tree_util.register_pytree_with_keys_class": ClassKind("hooks"),
    "jax.tree_util.register_static": ClassKind("static"),
    "jax_md.dataclasses.dataclass": ClassKind("fields", "value", "", True, True),
    "attr.s": ClassKind("", "none", "", False, True),
    "attr.attrs": ClassKind("", "none", "", False, True),
    "attr.dataclass": ClassKind("", "none", "", False, True),
    "attrs.define": ClassKind("", "none", "", False, True),
    "attrs.mutable": ClassKind("", "none", "", False, True),
    "attrs.frozen": ClassKind("", "value", "", True, True),
    "functools.total_ordering": ClassKind("", "inherit"),
}

# name -> the class that a call registers stands at this position; which pytree kind it then has.
REGISTRATIONS: dict[str, tuple[int, str]] = {
    "jax.tree_util.register_dataclass": (0, "listed"),
    "jax.tree_util.register_pytree_node": (0, "hooks"),
    "jax.tree_util.register_pytree_with_keys": (0, "hooks"),
    "jax.tree_util.register_pytree_node_class": (0, "hooks"),
    "jax.tree_util.register_pytree_with_keys_class": (0, "hooks"),
    "jax.tree_util.register_static": (0, "static"),
    "flax.serialization.register_serialization_state": (0, ""),
}

# name of a field function -> {keyword: value that makes the field static}. No keyword: the call alone makes it static.
STATIC_FIELDS: dict[str, dict[str, bool]] = {
    "equinox.field": {"static": True},
    "equinox.static_field": {},
    "flax.struct.field": {"pytree_node": False},
    "flax.nnx.static": {},
    "jax.tree.static": {},
    "jax_dataclasses.static_field": {},
    "jax_md.dataclasses.static_field": {},
    "jax_md.dataclasses.unpack": {},
    "simple_pytree.static_field": {},
    "zodiax.field": {"static": True},
}
# `metadata={"static": True}` and `metadata={"pytree_node": False}` of dataclasses.field do the same.
STATIC_METADATA: dict[str, bool] = {"static": True, "pytree_node": False}
# annotations that make a field static.
STATIC_ANNOTATIONS: frozenset[str] = frozenset({"jax_dataclasses.Static", "flax.nnx.Static"})

# keywords of a dataclass decorator -> how the class then hashes: read in this order, the first that is given wins.
# eq=True (default) without frozen: `__hash__` is None, an instance as a static argument raises.
DATACLASS_OPTIONS: tuple[tuple[str, bool, str], ...] = (
    ("unsafe_hash", True, "value"),
    ("eq", False, "identity"),
    ("frozen", True, "value"),
)
# the same for attrs: `@attr.s(eq=False)`, `hash=True`, `frozen=True`, `unsafe_hash=True`.
ATTRS_OPTIONS: tuple[tuple[str, bool, str], ...] = (
    ("unsafe_hash", True, "value"),
    ("hash", True, "value"),
    ("eq", False, "identity"),
    ("frozen", True, "value"),
)


# states that a library's class builds -> its fields that are static and hold functions.
STATES: dict[str, tuple[str, ...]] = {
    "flax.training.train_state.TrainState": ("tx", "apply_fn"),
}
# modules of a library that hold a function, which is no leaf to `filter_jit`: position (-1: by name) and name.
HOLDERS: dict[str, tuple[tuple[int, str], ...]] = {
    "equinox.nn.MLP": ((4, "activation"), (5, "final_activation")),
    "equinox.nn.Lambda": ((0, "fn"),),
}

# functions that give a fresh object of closures at each call: equal arguments, different identity.
FRESH_CLOSURES: frozenset[str] = frozenset(
    f"optax.{name}"
    for name in (
        "adam adamw sgd rmsprop adagrad adafactor lamb lars lion adabelief adadelta adamax amsgrad nadam nadamw radam "
        "yogi noisy_sgd fromage sm3 novograd lbfgs polyak_sgd rprop sign_sgd optimistic_gradient_descent chain "
        "named_chain masked multi_transform partition scale scale_by_adam scale_by_schedule clip clip_by_global_norm "
        "add_decayed_weights add_noise apply_every ema identity set_to_zero trace inject_hyperparams MultiSteps "
        "apply_if_finite lookahead flatten exponential_decay cosine_decay_schedule linear_schedule constant_schedule "
        "polynomial_schedule piecewise_constant_schedule warmup_cosine_decay_schedule "
        "warmup_exponential_decay_schedule join_schedules cosine_onecycle_schedule linear_onecycle_schedule "
        "sgdr_schedule"
    ).split()
) | {"haiku.transform", "haiku.transform_with_state", "haiku.multi_transform"}


# types whose values can't be hashed: as static arguments they raise.
UNHASHABLE: frozenset[str] = frozenset(
    {
        "builtins.list", "builtins.dict", "builtins.set", "builtins.bytearray", "collections.defaultdict",
        "collections.OrderedDict", "collections.Counter", "collections.deque", "numpy.ndarray", "jax.Array",
        "ml_collections.ConfigDict", "types.SimpleNamespace", "argparse.Namespace", "pandas.DataFrame", "pandas.Series",
        "xarray.Dataset", "xarray.DataArray", "jax.numpy.ndarray",
    }
)  # fmt: skip

# annotations that say a value is a host scalar or configuration, and those that say it is an array.
HOST_ANNOTATIONS: frozenset[str] = frozenset(
    {
        "builtins.int", "builtins.float", "builtins.bool", "builtins.str", "builtins.complex", "builtins.bytes",
        "builtins.type", "numpy.dtype", "typing.Callable", "collections.abc.Callable", "typing.Literal",
        "pathlib.Path", "jax.typing.DTypeLike", "typing.Hashable", "collections.abc.Hashable", "builtins.slice",
    }
)  # fmt: skip
ARRAY_ANNOTATIONS: frozenset[str] = frozenset(
    {
        "jax.Array", "jax.numpy.ndarray", "numpy.ndarray", "numpy.typing.NDArray", "chex.Array", "chex.ArrayDevice",
        "chex.PRNGKey", "jax.typing.ArrayLike", "numpy.typing.ArrayLike", "chex.Numeric", "chex.ArrayTree",
        "jaxtyping.Array", "jaxtyping.Float", "jaxtyping.Int", "jaxtyping.Bool", "jaxtyping.Complex",
        "jaxtyping.Inexact", "jaxtyping.Shaped", "jaxtyping.Num", "jaxtyping.Real", "jaxtyping.UInt",
        "jaxtyping.Integer", "jaxtyping.Key", "jaxtyping.PRNGKeyArray", "jaxtyping.Float32", "jaxtyping.Float64",
        "jaxtyping.Float16", "jaxtyping.BFloat16", "jaxtyping.Complex64", "jaxtyping.Complex128", "jaxtyping.Int32",
        "jaxtyping.Int64", "jaxtyping.UInt8", "jaxtyping.ArrayLike", "jaxtyping.ScalarLike", "jaxtyping.Scalar",
        "flax.typing.Array", "flax.core.FrozenDict", "optax.Params", "optax.Updates", "optax.OptState",
        "jax.core.Tracer", "distrax.Array", "brax.base.State",
    }
)  # fmt: skip
