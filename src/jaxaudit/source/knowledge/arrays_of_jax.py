"""Array makers outside jax.numpy: jax.lax, jax.random, jax.nn, jax.scipy, jax.image, transfers, and scalar types."""

# ruff: noqa: SIM905 (long lists of names read better as text)

from jaxaudit.source.knowledge.arrays import JNP, NUMPY, ArrayMaker

_SAME = ArrayMaker("jax", "elementwise")
_INEXACT = ArrayMaker("jax", "elementwise", default="inexact")
_PICK = ArrayMaker("jax", "pick", default="like")
_VIEW = ArrayMaker("jax", "view", default="like")
_UNKNOWN = ArrayMaker("jax", "unknown", default="unknown", weak="strong")
_TUPLE = ArrayMaker("jax", "unknown", default="unknown", weak="strong", gives="tuple")

_LAX_ELEMENTWISE = (
    "abs acos acosh add asin asinh atan atan2 atanh bessel_i0e bessel_i1e betainc bitwise_and bitwise_not bitwise_or "
    "bitwise_xor cbrt ceil clamp clz complex conj cos cosh digamma div erf erf_inv erfc exp exp2 expm1 floor igamma "
    "igammac imag integer_pow lgamma log log1p logistic max min mul neg nextafter polygamma population_count pow real "
    "reciprocal reduce_precision rem round rsqrt select select_n shift_left shift_right_arithmetic shift_right_logical "
    "sign sin sinh sqrt square stop_gradient sub tan tanh zeta optimization_barrier with_sharding_constraint "
    "psum pmean pmax pmin ppermute pshuffle pcast pbroadcast"
)
_LAX_BOOL = "eq ge gt is_finite le lt ne"
_LAX_SAME_SHAPE = "cumlogsumexp cummax cummin cumprod cumsum rev sort scatter scatter_add scatter_apply scatter_max"
_LAX_SAME_SHAPE_2 = (
    "scatter_min scatter_mul scatter_sub dynamic_update_slice dynamic_update_slice_in_dim dynamic_update_index_in_dim"
)
_LAX_VIEW = "collapse expand_dims squeeze transpose broadcast_to_rank"
_LAX_PICK = "dynamic_slice dynamic_slice_in_dim dynamic_index_in_dim gather index_in_dim index_take slice slice_in_dim"
_LAX_REDUCE = "reduce_and reduce_max reduce_min reduce_or reduce_prod reduce_sum reduce_xor"
_LAX_OTHER = (
    "all_gather all_to_all batch_matmul bitcast_convert_type conv conv_general_dilated conv_general_dilated_local "
    "conv_general_dilated_patches conv_transpose conv_with_general_padding dot dot_general fft pad ragged_dot "
    "psum_scatter pswapaxes rng_uniform random_gamma_grad tile"
)
_LAX_TUPLES = "approx_max_k approx_min_k split sort_key_val top_k rng_bit_generator unstack"

LAX: dict[str, ArrayMaker] = {
    **{f"jax.lax.{name}": _SAME for name in _LAX_ELEMENTWISE.split()},
    **{f"jax.lax.{name}": ArrayMaker("jax", "elementwise", default="bool") for name in _LAX_BOOL.split()},
    **{
        f"jax.lax.{name}": ArrayMaker("jax", "like", default="like")
        for name in (_LAX_SAME_SHAPE + " " + _LAX_SAME_SHAPE_2).split()
    },
    **{f"jax.lax.{name}": _VIEW for name in _LAX_VIEW.split()},
    **{f"jax.lax.{name}": _PICK for name in _LAX_PICK.split()},
    **{f"jax.lax.{name}": ArrayMaker("jax", "reduce", default="like") for name in _LAX_REDUCE.split()},
    **{f"jax.lax.{name}": _UNKNOWN for name in _LAX_OTHER.split()},
    **{f"jax.lax.{name}": _TUPLE for name in _LAX_TUPLES.split()},
    "jax.lax.argmax": ArrayMaker("jax", "reduce", default="int", weak="strong", dtype=(2, "index_dtype")),
    "jax.lax.argmin": ArrayMaker("jax", "reduce", default="int", weak="strong", dtype=(2, "index_dtype")),
    "jax.lax.axis_index": ArrayMaker("jax", "scalar", default="int", weak="strong"),
    "jax.lax.broadcast": ArrayMaker("jax", "repeat", default="like"),
    "jax.lax.broadcast_in_dim": ArrayMaker("jax", "broadcast", default="like"),
    "jax.lax.broadcasted_iota": ArrayMaker("jax", "shape", 1, "shape", (0, "dtype"), "int", "strong"),
    "jax.lax.concatenate": ArrayMaker("jax", "concatenate", 0, "operands"),
    "jax.lax.stack": ArrayMaker("jax", "stack"),
    "jax.lax.convert_element_type": ArrayMaker("jax", "identity", dtype=(1, "new_dtype"), weak="strong"),
    "jax.lax.empty": ArrayMaker("jax", "shape", 0, "shape", (1, "dtype"), "float", "strong"),
    "jax.lax.full": ArrayMaker("jax", "shape", 0, "shape", (2, "dtype"), "promote", "scalar"),
    "jax.lax.full_like": ArrayMaker("jax", "like", 0, "x", (2, "dtype"), "like"),
    "jax.lax.iota": ArrayMaker("jax", "arange", 1, "size", (0, "dtype"), "int", "strong"),
    "jax.lax.reshape": ArrayMaker("jax", "reshape", default="like"),
    **{
        f"jax.lax.linalg.{name}": ArrayMaker("jax", "square", default="inexact", weak="strong", gives=gives)
        for names, gives in (
            ("cholesky cholesky_update householder_product ormqr symmetric_product triangular_solve", "array"),
            ("tridiagonal_solve", "array"),
            ("eig eigh hessenberg lu qdwh qr schur svd tridiagonal", "tuple"),
        )
        for name in names.split()
    },
}  # fmt: skip


def _draw(position: int, dtype: int, default: str = "float") -> ArrayMaker:
    return ArrayMaker("jax", "shape", position, "shape", (dtype, "dtype"), default, "strong")


# samplers: by the position of `shape`. Without a shape they return the broadcast of their parameters, or a scalar.
RANDOM: dict[str, ArrayMaker] = {
    **{
        f"jax.random.{name}": _draw(1, 2)
        for name in (
            "bits cauchy exponential gumbel laplace logistic maxwell normal rademacher uniform truncated_normal"
        ).split()
    },
    "jax.random.bits": _draw(1, 2, "int"),
    "jax.random.rademacher": _draw(1, 2, "int"),
    "jax.random.truncated_normal": _draw(3, 4),
    "jax.random.randint": _draw(1, 4, "int"),
    "jax.random.bernoulli": _draw(2, -1, "bool"),
    **{
        f"jax.random.{name}": _draw(2, 3)
        for name in "chisquare dirichlet gamma loggamma lognormal pareto rayleigh t wald".split()
    },
    "jax.random.generalized_normal": _draw(2, 3),
    "jax.random.poisson": _draw(2, 3, "int"),
    "jax.random.geometric": _draw(2, 3, "int"),
    **{f"jax.random.{name}": _draw(3, 4) for name in ("beta", "f", "weibull_min", "double_sided_maxwell")},
    "jax.random.binomial": _draw(3, 4),
    "jax.random.triangular": _draw(4, 5),
    "jax.random.multivariate_normal": _draw(3, 4),
    "jax.random.multinomial": _draw(-1, -1, "int"),
    "jax.random.categorical": _draw(3, -1, "int"),
    "jax.random.choice": _draw(2, -1, "like"),
    "jax.random.ball": _draw(3, 4),
    "jax.random.orthogonal": _draw(2, 3),
    "jax.random.permutation": ArrayMaker("jax", "permuted", 1, "x", default="like", weak="strong"),
    "jax.random.split": ArrayMaker("jax", "shape", 1, "num", default="unknown", weak="strong"),
    "jax.random.key_data": _UNKNOWN,
    **{
        f"jax.random.{name}": ArrayMaker("jax", "scalar", default="unknown", weak="strong")
        for name in ("key", "PRNGKey", "fold_in", "clone", "wrap_key_data")
    },
}

_NN_SAME = (
    "celu elu gelu hard_sigmoid hard_silu hard_swish hard_tanh identity leaky_relu log_sigmoid mish relu relu6 selu "
    "sigmoid silu soft_sign softplus sparse_plus sparse_sigmoid squareplus swish tanh"
)
_SPECIAL = (
    "bernoulli beta betainc betaln boxcox boxcox1p comb dawsn digamma entr erf erfc erfcx erfinv exp1 expi expit expn "
    "factorial gamma gammainc gammaincc gammaln gammasgn hyp1f1 hyp2f1 i0 i0e i1 i1e kl_div log_ndtr loggamma logit "
    "ndtr ndtri owens_t poch polygamma rel_entr spence sph_harm_y wofz xlog1py xlogy zeta multigammaln"
)
_SCIPY_LINALG = (
    "block_diag cho_solve cholesky circulant companion convolution_matrix dft expm fiedler fiedler_companion funm "
    "hadamard hankel helmert hilbert inv invhilbert invpascal leslie lu_solve pascal solve solve_sylvester "
    "solve_triangular sqrtm toeplitz det"
)

OTHERS: dict[str, ArrayMaker] = {
    **{f"jax.nn.{name}": _INEXACT for name in _NN_SAME.split()},
    **{
        f"jax.nn.{name}": ArrayMaker("jax", "like", default="inexact", weak="strong")
        for name in ("softmax", "log_softmax", "standardize", "log1mexp")
    },
    "jax.nn.logsumexp": ArrayMaker("jax", "reduce", default="inexact", weak="strong"),
    "jax.nn.logmeanexp": ArrayMaker("jax", "reduce", default="inexact", weak="strong"),
    "jax.nn.one_hot": ArrayMaker("jax", "unknown", default="float", weak="strong"),
    "jax.nn.glu": _PICK,
    "jax.nn.dot_product_attention": ArrayMaker("jax", "like", default="like", weak="strong"),
    "jax.nn.scaled_dot_general": _UNKNOWN,
    "jax.nn.scaled_matmul": _UNKNOWN,
    **{f"jax.scipy.special.{name}": _INEXACT for name in _SPECIAL.split()},
    "jax.scipy.special.logsumexp": ArrayMaker("jax", "reduce", default="inexact", weak="strong"),
    "jax.scipy.special.softmax": ArrayMaker("jax", "like", default="inexact", weak="strong"),
    "jax.scipy.special.log_softmax": ArrayMaker("jax", "like", default="inexact", weak="strong"),
    "jax.scipy.special.bessel_jn": _UNKNOWN,
    "jax.scipy.special.fresnel": _TUPLE,
    "jax.scipy.special.sici": _TUPLE,
    **{
        f"jax.scipy.linalg.{name}": ArrayMaker("jax", "square", default="inexact", weak="strong")
        for name in _SCIPY_LINALG.split()
    },
    **{
        f"jax.scipy.linalg.{name}": _TUPLE
        for name in "cho_factor eigh expm_frechet hessenberg lu lu_factor polar qr rsf2csf schur svd".split()
    },
    **{
        f"jax.scipy.signal.{name}": _UNKNOWN
        for name in "convolve convolve2d correlate correlate2d detrend fftconvolve".split()
    },
    **{f"jax.scipy.signal.{name}": _TUPLE for name in "csd istft stft welch".split()},
    "jax.scipy.ndimage.map_coordinates": _UNKNOWN,
    "jax.scipy.integrate.trapezoid": ArrayMaker("jax", "reduce", default="inexact", weak="strong"),
    **{
        f"jax.scipy.fft.{name}": ArrayMaker("jax", "like", default="inexact", weak="strong")
        for name in "dct dctn idct idctn".split()
    },
    "jax.image.resize": ArrayMaker("jax", "shape", 1, "shape", default="like", weak="strong"),
    "jax.image.scale_and_translate": ArrayMaker("jax", "shape", 1, "shape", default="like", weak="strong"),
    **{f"jax.ops.segment_{name}": _UNKNOWN for name in ("max", "min", "prod", "sum")},
    # transfers and joins
    "jax.device_put": ArrayMaker("jax", "identity", default="like", weak="scalar"),
    "jax.device_get": ArrayMaker("numpy", "identity", default="like", weak="strong"),
    "jax.block_until_ready": ArrayMaker("jax", "identity", default="like"),
    "jax.reshard": ArrayMaker("jax", "identity", default="like"),
    "jax.make_array_from_callback": ArrayMaker("jax", "shape", 0, "shape", weak="strong"),
    "jax.make_array_from_process_local_data": _UNKNOWN,
    "jax.make_array_from_single_device_arrays": ArrayMaker("jax", "shape", 0, "shape", weak="strong"),
    "jax.dlpack.from_dlpack": ArrayMaker("jax", "identity", default="like", weak="strong"),
    "jax.experimental.multihost_utils.process_allgather": ArrayMaker("numpy", "unknown", weak="strong"),
    "jax.flatten_util.ravel_pytree": _TUPLE,
    "equinox.filter_shard": ArrayMaker("jax", "identity", default="like"),
    "optax.global_norm": ArrayMaker("jax", "scalar", default="float", weak="strong"),
}

# name of a scalar type -> (library, dtype). Called with a number it gives a strong scalar array (jax) or NumPy scalar.
# NumPy scalars are hashable; jax.numpy ones are arrays: as static arguments they raise.
SCALAR_TYPES: dict[str, tuple[str, str]] = {
    f"{module}.{name}": (library, name)
    for library, module in (("jax", "jax.numpy"), ("numpy", "numpy"))
    for name in (
        "bfloat16 float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 complex64 complex128 bool_ "
        "int_ float_ complex_ single double csingle cdouble uint"
    ).split()
    if (library, name) not in {("numpy", "bfloat16"), ("numpy", "float_"), ("numpy", "complex_")}
}  # fmt: skip

# name -> what it returns: all of them.
ARRAYS: dict[str, ArrayMaker] = {**NUMPY, **JNP, **LAX, **RANDOM, **OTHERS}

_STRONG_FROM_WEAK = (
    "heaviside isclose isin isinf isneginf isposinf ldexp log10 logaddexp2 logical_and logical_or logical_xor "
    "nan_to_num signbit sort_complex spacing unwrap"
)
_PERHAPS_WEAK = (
    "angle argpartition around convolve correlate deg2rad degrees diag diagonal ediff1d full_like interp iscomplex isreal "
    "hypot log2 logical_not rad2deg radians sinc linalg.cholesky linalg.cond linalg.det linalg.eigvals "
    "linalg.eigvalsh linalg.solve linalg.svdvals linalg.tensorsolve polyadd polymul polysub power round select"
)
_PERHAPS_WEAK_OF_LAX = (
    "dot pad pow scatter scatter_add scatter_apply scatter_max scatter_min scatter_mul scatter_sub linalg.cholesky "
    "linalg.cholesky_update linalg.householder_product linalg.triangular_solve dot_general conv_general_dilated"
)
_PERHAPS_WEAK_OF_SCIPY = (
    "fft.dctn fft.idctn linalg.fiedler linalg.fiedler_companion signal.convolve signal.correlate signal.detrend"
)
for _name, _weak in (
    *((f"jax.numpy.{name}", "strong") for name in _STRONG_FROM_WEAK.split()),
    *((f"jax.numpy.{name}", "perhaps") for name in _PERHAPS_WEAK.split()),
    *((f"jax.lax.{name}", "perhaps") for name in _PERHAPS_WEAK_OF_LAX.split()),
    *((f"jax.lax.dynamic_update_{name}", "strong") for name in ("slice", "slice_in_dim", "index_in_dim")),
    ("jax.nn.gelu", "strong"),
    *((f"jax.scipy.{name}", "perhaps") for name in _PERHAPS_WEAK_OF_SCIPY.split()),
    ("jax.nn.log1mexp", "perhaps"),
    ("jax.scipy.linalg.cholesky", "perhaps"),
    ("jax.scipy.linalg.det", "perhaps"),
    ("jax.scipy.linalg.circulant", "perhaps"),
):
    ARRAYS[_name] = ARRAYS[_name]._replace(weak=_weak)
for _name, _maker in ARRAYS.items():
    if _name.startswith("jax.scipy.") and _maker.weak == "inherit":
        ARRAYS[_name] = _maker._replace(weak="perhaps")  # half of them are strong, and which of them changes with JAX
ARRAYS["jax.lax.complex"] = ARRAYS["jax.lax.complex"]._replace(default="complex")
ARRAYS["jax.lax.conj"] = ARRAYS["jax.lax.conj"]._replace(default="complex")
ARRAYS["jax.numpy.sort_complex"] = ARRAYS["jax.numpy.sort_complex"]._replace(default="complex")
ARRAYS["jax.numpy.linalg.eigvals"] = ARRAYS["jax.numpy.linalg.eigvals"]._replace(default="complex")
ARRAYS["jax.numpy.linalg.matrix_rank"] = ARRAYS["jax.numpy.linalg.matrix_rank"]._replace(default="int")

# module prefixes whose other functions return arrays of that library too, of unknown shape.
ARRAY_MODULES: tuple[tuple[str, str], ...] = (
    ("jax.numpy.", "jax"),
    ("jax.lax.", "jax"),
    ("jax.nn.", "jax"),
    ("jax.scipy.", "jax"),
    ("jax.image.", "jax"),
    ("numpy.", "numpy"),
    ("scipy.", "numpy"),
    ("cupy.", "other"),
    ("torch.", "other"),
    ("tensorflow.", "other"),
)
