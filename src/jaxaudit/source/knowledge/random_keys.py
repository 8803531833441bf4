"""Which calls make a random key, which consume one, which derive new keys from it."""

# ruff: noqa: SIM905 (long lists of names read better as text)

from typing import NamedTuple


class KeyUse(NamedTuple):
    """Where a call takes a key: by position (-1: by keyword only) or keyword.

    `use`: "draw" consumes the key and gives random values; "split" consumes it and gives keys; "fold" gives a key that
    differs with the data beside it and leaves the parent usable as long as that data differs; "look" neither
    consumes nor derives (key_data, shape of it).
    `sure`: False where the function draws only in some configuration (a dropout layer in inference mode).
    """

    position: int
    keyword: str
    use: str = "draw"
    sure: bool = True


# name -> (position, keyword) of the seed. The call gives a new key; a constant seed gives the same key each time.
KEY_MAKERS: dict[str, tuple[int, str]] = {
    "jax.random.PRNGKey": (0, "seed"),
    "jax.random.key": (0, "seed"),
    "jax.random.wrap_key_data": (0, "key_bits_array"),
    "equinox.internal.GetKey": (0, "seed"),
}


_DRAWS = (
    "ball bernoulli beta binomial bits categorical cauchy chisquare choice dirichlet double_sided_maxwell exponential "
    "f gamma generalized_normal geometric gumbel laplace loggamma logistic lognormal maxwell multinomial "
    "multivariate_normal normal orthogonal pareto permutation poisson rademacher randint rayleigh t triangular "
    "truncated_normal uniform wald weibull_min"
)

# name -> how the call uses the key it is given.
KEY_CONSUMERS: dict[str, KeyUse] = {
    **{f"jax.random.{name}": KeyUse(0, "key") for name in _DRAWS.split()},
    "jax.random.split": KeyUse(0, "key", "split"),
    "jax.random.fold_in": KeyUse(0, "key", "fold"),
    "jax.random.clone": KeyUse(0, "key", "look"),
    "jax.random.key_data": KeyUse(0, "keys", "look"),
    "jax.random.key_impl": KeyUse(0, "keys", "look"),
    "jax.lax.rng_bit_generator": KeyUse(0, "key"),
    "jax.lax.stop_gradient": KeyUse(0, "x", "look"),
    # Equinox: layers take their key by keyword when they are made.
    **{
        f"equinox.nn.{name}": KeyUse(-1, "key")
        for name in (
            "Conv Conv1d Conv2d Conv3d ConvTranspose ConvTranspose1d ConvTranspose2d ConvTranspose3d Embedding GRUCell "
            "Linear LSTMCell MLP MultiheadAttention SpectralNorm"
        ).split()
    },
    # initialisers made by a factory are called with (key, shape, dtype): see INITIALIZER_FACTORIES.
    "optax.add_noise": KeyUse(2, "key"),
    "optax.tree.random_like": KeyUse(0, "rng_key"),
    "optax.tree_utils.tree_random_like": KeyUse(0, "rng_key"),
    "optax.tree.split_key_like": KeyUse(0, "rng_key", "split"),
    "optax.tree_utils.tree_split_key_like": KeyUse(0, "rng_key", "split"),
    "diffrax.VirtualBrownianTree": KeyUse(4, "key"),
    "diffrax.UnsafeBrownianPath": KeyUse(1, "key"),
    "numpyro.sample": KeyUse(3, "rng_key"),
    "numpyro.infer.util.initialize_model": KeyUse(0, "rng_key"),
    "numpyro.infer.initialize_model": KeyUse(0, "rng_key"),
    "haiku.PRNGSequence": KeyUse(0, "key_or_seed", "split"),
    "flax.nnx.Rngs": KeyUse(0, "default", "split"),
    "mctx.muzero_policy": KeyUse(1, "rng_key"),
    "mctx.gumbel_muzero_policy": KeyUse(1, "rng_key"),
}

# factories whose result is called with a key first (`initializer(key, shape, dtype)`).
INITIALIZER_FACTORIES: frozenset[str] = frozenset(
    f"{module}.{name}"
    for module in ("jax.nn.initializers", "flax.linen.initializers", "flax.nnx.initializers")
    for name in (
        "delta_orthogonal", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "kaiming_normal",
        "kaiming_uniform", "lecun_normal", "lecun_uniform", "normal", "orthogonal", "truncated_normal", "uniform",
        "variance_scaling", "xavier_normal", "xavier_uniform",
    )
)  # fmt: skip

# method name -> the ways in which a call of it on an object of unknown class takes a key. Only with the named keyword,
# or with a value at that position that is known to be a key.
KEY_METHODS: dict[str, tuple[KeyUse, ...]] = {
    "sample": (KeyUse(0, "key"), KeyUse(-1, "seed"), KeyUse(-1, "rng_key")),
    "sample_and_log_prob": (KeyUse(-1, "seed"), KeyUse(0, "key")),
    "init": (KeyUse(0, "rng", sure=False), KeyUse(0, "rngs", sure=False)),
    "init_with_output": (KeyUse(0, "rngs", sure=False),),
    "reset": (KeyUse(0, "key", sure=False),),
    "step": (KeyUse(0, "key", sure=False),),
    "run": (KeyUse(0, "rng_key"),),
    "update": (KeyUse(0, "rng_key", sure=False),),
    "ask": (KeyUse(0, "key", sure=False),),
    "tell": (KeyUse(0, "key", sure=False),),
    "apply": (KeyUse(-1, "rngs", sure=False), KeyUse(1, "rng", sure=False)),
}

# factories of pure functions: the `init` and `apply` of what they return draw from the key that they are given.
KEY_TRANSFORMED: frozenset[str] = frozenset(
    {"haiku.transform", "haiku.transform_with_state", "haiku.multi_transform", "haiku.multi_transform_with_state"}
)

# what draws from the key that Haiku's `apply` was given.
DRAWN_IN_HAIKU: frozenset[str] = frozenset(
    f"haiku.{name}" for name in ("next_rng_key", "next_rng_keys", "maybe_next_rng_key", "dropout", "reserve_rng_keys")
)

# parameter names that hold a key by custom, whatever the function; what is passed for them is a key.
KEY_NAMES: frozenset[str] = frozenset(
    "key keys rng rngs prng rng_key prng_key rngkey prngkey subkey sub_key dropout_key dropout_rng random_key key_ "
    "rng_ seed_key init_key init_rng sample_key noise_key step_key loop_key".split()
)

# keywords by which functions of any library take a key.
KEY_KEYWORDS: frozenset[str] = frozenset(
    "key rng rng_key prng_key random_key rngs key_ dropout_key dropout_rng".split()
)

# calls that keep a key as it is (a container, a cast, a transfer); their result is the same key.
KEY_NEUTRAL: frozenset[str] = frozenset(
    {
        "jax.numpy.asarray", "jax.numpy.array", "jax.device_put", "jax.device_get", "jax.lax.stop_gradient",
        "jax.numpy.broadcast_to", "jax.random.clone", "jax.random.wrap_key_data", "jax.random.key_data",
        "jax.block_until_ready", "jax.lax.with_sharding_constraint", "jax.lax.optimization_barrier",
        "jax.numpy.squeeze", "jax.numpy.reshape", "jax.numpy.expand_dims", "numpy.asarray", "numpy.array",
        "equinox.filter_shard", "flax.jax_utils.replicate", "flax.jax_utils.unreplicate", "copy.copy",
        "copy.deepcopy",
    }
)  # fmt: skip


# calls that take a tree only for its structure and give back one with other values: what was drawn for it is not kept.
TEMPLATES: frozenset[str] = frozenset(
    {
        "flax.serialization.from_bytes", "flax.serialization.from_state_dict", "flax.training.checkpoints.restore_checkpoint",
        "equinox.tree_deserialise_leaves", "jax.eval_shape", "equinox.filter_eval_shape",
        "flax.training.orbax_utils.save_args_from_target", "flax.training.orbax_utils.restore_args_from_target",
    }
)  # fmt: skip
