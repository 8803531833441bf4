"""The many spellings of one thing: other public and internal names of a library's function, and the canonical name.

A name is looked up in CANONICAL first, then the first matching prefix of PREFIXES is replaced and the result looked up
in CANONICAL once more.
"""

# ruff: noqa: SIM905 (long lists of names read better as text)

_TREE = "all broadcast flatten leaves map reduce reduce_associative structure transpose unflatten"
_TREE_WITH_PATH = "flatten_with_path leaves_with_path map_with_path"

# other spelling -> canonical name.
CANONICAL: dict[str, str] = {
    # jit and its relatives
    "jax.experimental.pjit.pjit": "jax.jit",
    "jax.pjit": "jax.jit",
    "jax._src.pjit.pjit": "jax.jit",
    "jax._src.pjit.jit": "jax.jit",
    "jax.api.jit": "jax.jit",
    "jax.interpreters.pxla.pjit": "jax.jit",
    "jax.experimental.pjit.with_sharding_constraint": "jax.lax.with_sharding_constraint",
    "jax._src.pjit.with_sharding_constraint": "jax.lax.with_sharding_constraint",
    "jax.remat": "jax.checkpoint",
    "jax.ad_checkpoint.checkpoint": "jax.checkpoint",
    "jax.ad_checkpoint.remat": "jax.checkpoint",
    "jax.new_checkpoint": "jax.checkpoint",
    "jax._src.ad_checkpoint.remat": "jax.checkpoint",
    "haiku.remat": "jax.checkpoint",
    "jax.jacobian": "jax.jacrev",
    "jax.experimental.shard_map.shard_map": "jax.shard_map",
    "jax.experimental.maps.xmap": "jax.vmap",
    "jax.soft_pmap": "jax.pmap",
    "jax.custom_derivatives.custom_jvp": "jax.custom_jvp",
    "jax.custom_derivatives.custom_vjp": "jax.custom_vjp",
    "jax.custom_derivatives.custom_gradient": "jax.custom_gradient",
    "jax.custom_derivatives.closure_convert": "jax.closure_convert",
    # callbacks
    "jax.experimental.host_callback.call": "jax.pure_callback",
    "jax.experimental.host_callback.id_tap": "jax.debug.callback",
    "jax.experimental.io_callback.io_callback": "jax.experimental.io_callback",
    "jax._src.callback.io_callback": "jax.experimental.io_callback",
    "jax._src.debugging.debug_callback": "jax.debug.callback",
    "jax._src.debugging.debug_print": "jax.debug.print",
    # control flow
    "jax.experimental.sparse.transform.sparsify": "jax.experimental.sparse.sparsify",
    # arrays and dtypes
    "jaxlib.xla_extension.ArrayImpl": "jax.Array",
    "jax.xla.DeviceArray": "jax.Array",
    "jax.interpreters.xla.DeviceArray": "jax.Array",
    "jax.numpy.DeviceArray": "jax.Array",
    "jax.numpy.ndarray": "jax.Array",
    "jax._src.core.Tracer": "jax.core.Tracer",
    "jax._src.core.eval_jaxpr": "jax.core.eval_jaxpr",
    "jax._src.core.typeof": "jax.typeof",
    "jax._src.core.ensure_compile_time_eval": "jax.ensure_compile_time_eval",
    "jax.core.ensure_compile_time_eval": "jax.ensure_compile_time_eval",
    "jax.core.ShapeDtypeStruct": "jax.ShapeDtypeStruct",
    "jax.P": "jax.sharding.PartitionSpec",
    "jax.experimental.PartitionSpec": "jax.sharding.PartitionSpec",
    "jax.experimental.pjit.PartitionSpec": "jax.sharding.PartitionSpec",
    "jax.interpreters.pxla.PartitionSpec": "jax.sharding.PartitionSpec",
    "jax.NamedSharding": "jax.sharding.NamedSharding",
    "jax.experimental.maps.Mesh": "jax.sharding.Mesh",
    "jax._src.sharding_impls.make_mesh": "jax.make_mesh",
    "jax.numpy.alltrue": "jax.numpy.all",
    "jax.numpy.sometrue": "jax.numpy.any",
    "jax.numpy.product": "jax.numpy.prod",
    "jax.numpy.row_stack": "jax.numpy.vstack",
    "jax.numpy.in1d": "jax.numpy.isin",
    "jax.numpy.trapz": "jax.numpy.trapezoid",
    "jax.numpy.round_": "jax.numpy.round",
    "numpy.alltrue": "numpy.all",
    "numpy.sometrue": "numpy.any",
    "numpy.product": "numpy.prod",
    "numpy.cumproduct": "numpy.cumprod",
    "numpy.in1d": "numpy.isin",
    "numpy.trapz": "numpy.trapezoid",
    "numpy.round_": "numpy.round",
    "numpy.core.numeric.asarray": "numpy.asarray",
    "jax.nn.normalize": "jax.nn.standardize",
    # pytrees
    **{f"jax.tree_util.tree_{name}": f"jax.tree.{name}" for name in (_TREE + " " + _TREE_WITH_PATH).split()},
    **{f"jax.tree_{name}": f"jax.tree.{name}" for name in _TREE.split()},
    "jax.tree_multimap": "jax.tree.map",
    "jax.tree_util.tree_multimap": "jax.tree.map",
    "tree.map_structure": "jax.tree.map",
    "optree.tree_map": "jax.tree.map",
    "jax.util.partial": "functools.partial",
    # random numbers
    "jax.prng.PRNGKey": "jax.random.PRNGKey",
    # Equinox
    "equinox._ad.nondifferentiable": "equinox.internal.nondifferentiable",
    "equinox.tree_inference": "equinox.nn.inference_mode",
    "equinox.debug._backward_nan.backward_nan": "equinox.debug.backward_nan",
    # Flax
    "flax.core.lift.jit": "flax.linen.jit",
    "flax.core.lift.scan": "flax.linen.scan",
    "flax.core.lift.vmap": "flax.linen.vmap",
    "flax.core.lift.remat": "flax.linen.remat",
    "flax.core.frozen_dict.FrozenDict": "flax.core.FrozenDict",
    "flax.nnx.checkpoint": "flax.nnx.remat",
    "flax.linen.module.Module": "flax.linen.Module",
    "flax.nnx.pytreelib.Object": "flax.nnx.Object",
    # NumPyro, Haiku, others
    "numpyro.infer.util.log_likelihood": "numpyro.infer.log_likelihood",
    "numpyro.contrib.control_flow.scan.scan": "numpyro.contrib.control_flow.scan",
    "numpyro.contrib.control_flow.cond.cond": "numpyro.contrib.control_flow.cond",
    "numpyro.primitives.sample": "numpyro.sample",
    "numpyro.primitives.plate": "numpyro.plate",
    "numpyro.primitives.param": "numpyro.param",
    "numpyro.primitives.deterministic": "numpyro.deterministic",
    "numpyro.primitives.prng_key": "numpyro.prng_key",
    "optax.tree_utils.tree_random_like": "optax.tree.random_like",
    "optax.tree_utils.tree_split_key_like": "optax.tree.split_key_like",
    "optax.tree_map_params": "optax.tree.map_params",
    "optax.tree_utils.tree_map_params": "optax.tree.map_params",
    "simple_pytree.pytree.Pytree": "simple_pytree.Pytree",
    # the standard library and typing
    "typing.List": "builtins.list",
    "typing.Dict": "builtins.dict",
    "typing.Tuple": "builtins.tuple",
    "typing.Set": "builtins.set",
    "typing.FrozenSet": "builtins.frozenset",
    "typing.Type": "builtins.type",
    "typing.Text": "builtins.str",
    "typing.Callable": "collections.abc.Callable",
    "typing.Hashable": "collections.abc.Hashable",
    "typing.Sequence": "collections.abc.Sequence",
    "typing.Iterable": "collections.abc.Iterable",
    "typing.Mapping": "collections.abc.Mapping",
    "toolz.partial": "functools.partial",
    "toolz.functoolz.partial": "functools.partial",
    "chex.ArrayDType": "jax.typing.DTypeLike",
    "attr.define": "attrs.define",
    "attr.mutable": "attrs.mutable",
    "attr.frozen": "attrs.frozen",
    "attr.ib": "attrs.field",
    "attr.field": "attrs.field",
}

_LAX = (
    "ann control_flow.conditionals control_flow.loops control_flow.solves control_flow convolution fft lax other "
    "parallel slicing special windowed_reductions"
)
_NUMPY = (
    "lax_numpy reductions ufuncs array_constructors array_creation einsum index_tricks "
    "indexing polynomial scalar_types setops sorting tensor_contractions util vectorize window_functions ufunc_api"
)
_LINEN = (
    "activation attention combinators fp8_ops linear module normalization pooling recurrent spmd stochastic summary "
    "transforms"
)
_NNX = (
    "extract filterlib graph graphlib helpers module object pytreelib rnglib spmd statelib summary variablelib "
    "nn.activations nn.attention nn.linear nn.lora nn.normalization nn.recurrent nn.stochastic training.metrics "
    "training.optimizer transforms.autodiff transforms.compilation transforms.iteration transforms.transforms"
)
_EQUINOX = (
    "_ad _callback _eval_shape _filters _jit _make_jaxpr _module._module _module._field _module._prebuilt _module "
    "_sharding _tree _update _vmap_pmap _enum _errors"
)
_EQUINOX_NN = (
    "_attention _batch_norm _conv _dropout _embedding _inference _linear _mlp _normalisation _pool _rnn _sequential "
    "_spectral_norm _stateful _weight_norm"
)
_HAIKU = "base basic conv embed layer_norm layer_stack lift module multi_transform recurrent stateful transform"
_PUBLIC = {
    "jax._src.api.": "jax.",
    "jax._src.pmap.": "jax.",
    "jax._src.shard_map.": "jax.",
    "jax._src.ad_checkpoint.": "jax.",
    "jax._src.custom_derivatives.": "jax.",
    "jax._src.callback.": "jax.",
    "jax._src.array.": "jax.",
    "jax._src.xla_bridge.": "jax.",
    "jax._src.config.": "jax.",
    "jax._src.debugging.": "jax.debug.",
    "jax._src.export._export.": "jax.export.",
    "jax._src.custom_batching.": "jax.custom_batching.",
    "jax._src.custom_partitioning.": "jax.experimental.custom_partitioning.",
    "jax._src.checkify.": "jax.experimental.checkify.",
    "jax._src.pallas.pallas_call.": "jax.experimental.pallas.",
    "jax._src.pallas.primitives.": "jax.experimental.pallas.",
    "jax._src.random.core.": "jax.random.",
    "jax._src.random.": "jax.random.",
    "jax._src.nn.functions.": "jax.nn.",
    "jax._src.nn.initializers.": "jax.nn.initializers.",
    "jax._src.tree.": "jax.tree.",
    "jax._src.tree_util.": "jax.tree_util.",
    "jax._src.numpy.linalg.": "jax.numpy.linalg.",
    "jax._src.numpy.fft.": "jax.numpy.fft.",
    "jax._src.lax.linalg.": "jax.lax.linalg.",
    "jax._src.scipy.": "jax.scipy.",
    "jax._src.ops.scatter.": "jax.ops.",
    "jax._src.ops.special.": "jax.nn.",
    "jax._src.image.scale.": "jax.image.",
    "jax._src.mesh.": "jax.sharding.",
    "jax._src.partition_spec.": "jax.sharding.",
    "jax._src.named_sharding.": "jax.sharding.",
    "jax._src.sharding_impls.": "jax.sharding.",
    "jax._src.core.": "jax.core.",
    "jax._src.dtypes.": "jax.dtypes.",
    "jax._src.flatten_util.": "jax.flatten_util.",
    "equinox.internal._loop.loop.": "equinox.internal.",
    "equinox.internal._noinline.": "equinox.internal.",
    "chex._src.dataclass.": "chex.",
    "chex._src.asserts.": "chex.",
    "numpyro.infer.hmc.": "numpyro.infer.",
    "numpyro.infer.mcmc.": "numpyro.infer.",
    "numpyro.infer.svi.": "numpyro.infer.",
    "numpyro.infer.barker.": "numpyro.infer.",
    "numpyro.infer.ensemble.": "numpyro.infer.",
    "optax._src.alias.": "optax.",
    "optax._src.base.": "optax.",
    "optax._src.combine.": "optax.",
    "optax._src.transform.": "optax.",
    "optax.schedules._schedule.": "optax.",
    "typing_extensions.": "typing.",
    **{f"jax._src.lax.{name}.": "jax.lax." for name in _LAX.split()},
    **{f"jax._src.numpy.{name}.": "jax.numpy." for name in _NUMPY.split()},
    **{f"flax.linen.{name}.": "flax.linen." for name in _LINEN.split()},
    **{f"flax.nnx.{name}.": "flax.nnx." for name in _NNX.split()},
    **{f"equinox.{name}.": "equinox." for name in _EQUINOX.split()},
    **{f"equinox.nn.{name}.": "equinox.nn." for name in _EQUINOX_NN.split()},
    **{f"haiku._src.{name}.": "haiku." for name in _HAIKU.split()},
    **{f"diffrax._{name}.": "diffrax." for name in "adjoint event integrate saveat term brownian.tree".split()},
    **{f"optimistix._{name}.": "optimistix." for name in "fixed_point least_squares minimise root_find".split()},
    **{f"lineax._{name}.": "lineax." for name in "operator solve".split()},
}

# (prefix of a module path, its public replacement), longest first: the first that fits is the one to use.
PREFIXES: tuple[tuple[str, str], ...] = tuple(sorted(_PUBLIC.items(), key=lambda row: -len(row[0])))
