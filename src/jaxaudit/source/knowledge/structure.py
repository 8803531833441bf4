"""What must be a plain Python value while a function is traced: shapes, axes, counts, modes.

A tracer in such a place raises at the first call, on JAX 0.10.2 and 0.12.0.1. Positions are those of JAX 0.10.2.
"""

# ruff: noqa: SIM905 (long lists of names read better as text)

Slots = tuple[tuple[int, str, str], ...]
"""Position (-1: by keyword only), keyword ("": by position only), and what it decides: "shape", "axis", "mode", ..."""


def _rows(module: str, what: str, text: str) -> dict[str, Slots]:
    """`zeros:0=shape` says: argument 0 of zeros, called shape."""
    out: dict[str, Slots] = {}
    for entry in text.split():
        name, _, places = entry.partition(":")
        slots: list[tuple[int, str, str]] = []
        for place in places.split(","):
            position, _, keyword = place.partition("=")
            slots.append((int(position), keyword, what))
        out[f"{module}.{name}"] = out.get(f"{module}.{name}", ()) + tuple(slots)
    return out


def _merged(*tables: dict[str, Slots]) -> dict[str, Slots]:
    out: dict[str, Slots] = {}
    for table in tables:
        for name, slots in table.items():
            out[name] = out.get(name, ()) + slots
    return out


_SHAPES = (
    "zeros:0=shape ones:0=shape empty:0=shape full:0=shape eye:0=N,1=M identity:0=n tri:0=N,1=M broadcast_to:1=shape "
    "reshape:1=shape tile:1=reps pad:1=pad_width indices:0=dimensions arange:0=start,1=stop,2=step linspace:2=num "
    "logspace:2=num geomspace:2=num resize:1=new_shape hamming:0=M hanning:0=M blackman:0=M bartlett:0=M kaiser:0=M "
    "diag_indices:0=n tril_indices:0=n,1=k triu_indices:0=n,1=k vander:1=N split:1=indices_or_sections "
    "array_split:1=indices_or_sections hsplit:1=indices_or_sections vsplit:1=indices_or_sections fromfunction:1=shape "
    "unravel_index:1=shape"
)
_JNP_SHAPES = (
    "zeros_like:2=shape ones_like:2=shape full_like:3=shape repeat:1=repeats nonzero:1=size argwhere:1=size "
    "flatnonzero:1=size "
    "unique:6=size where:3=size bincount:3=length repeat:3=total_repeat_length histogram:1=bins diff:1=n "
    "histogram_bin_edges:1=bins polyfit:2=deg rot90:1=k setdiff1d:3=size union1d:2=size intersect1d:4=size"
)
_AXES_AT_1 = (
    "all any argmax argmin average count_nonzero cumprod cumsum cumulative_sum expand_dims flip mean median max min "
    "amax amin prod ptp sort argsort squeeze std sum var nanmax nanmin nanmean nansum nanstd nanvar "
    "concatenate stack unstack"
)
_AXES = "percentile:2=axis quantile:2=axis take:2=axis append:2=axis diff:2=axis roll:2=axis repeat:2=axis " + (
    "swapaxes:1=axis1,2=axis2 moveaxis:1=source,2=destination transpose:1=axes take_along_axis:2=axis tensordot:2=axes "
    "rollaxis:1=axis,2=start trace:2=axis1,3=axis2 gradient:-1=axis linspace:6=axis cross:5=axis delete:2=axis"
)
_MODES = (
    "pad:2=mode convolve:2=mode correlate:2=mode einsum:0=subscripts meshgrid:-1=indexing searchsorted:2=side "
    "sum:4=keepdims mean:4=keepdims max:3=keepdims min:3=keepdims"
)
_RANDOM_AT_1 = "normal uniform bits exponential gumbel laplace logistic cauchy rademacher randint orthogonal rayleigh"
_RANDOM_AT_2 = "bernoulli choice gamma poisson dirichlet ball generalized_normal loggamma t pareto chisquare geometric"
_LAX = (
    "full:0=shape broadcast:1=sizes broadcast_in_dim:1=shape broadcasted_iota:1=shape iota:1=size empty:0=shape "
    "dynamic_slice:2=slice_sizes dynamic_slice_in_dim:2=slice_size top_k:1=k approx_max_k:1=k approx_min_k:1=k "
    "reshape:1=new_sizes scan:3=length split:1=sizes tile:1=reps slice:1=start_indices,2=limit_indices "
    "slice_in_dim:1=start_index,2=limit_index integer_pow:1=y gather:3=slice_sizes"
)
_LAX_AXES = (
    "argmax:1=axis argmin:1=axis cumsum:1=axis cumprod:1=axis cummax:1=axis cummin:1=axis concatenate:1=dimension "
    "expand_dims:1=dimensions squeeze:1=dimensions transpose:1=permutation rev:1=dimensions sort:1=dimension "
    "dynamic_index_in_dim:2=axis dynamic_slice_in_dim:3=axis index_in_dim:2=axis reduce_sum:1=axes reduce_max:1=axes"
)
_LAX_MODES = "scan:4=reverse,5=unroll fori_loop:-1=unroll conv_general_dilated:2=window_strides,3=padding"

# name -> the arguments that must be plain Python values.
STRUCTURE: dict[str, Slots] = _merged(
    _rows("jax.numpy", "a shape", _SHAPES),
    _rows("jax.numpy", "a shape", _JNP_SHAPES),
    _rows("jax.numpy", "an axis", " ".join([f"{name}:1=axis" for name in _AXES_AT_1.split()])),
    _rows("jax.numpy", "an axis", _AXES),
    _rows("jax.numpy", "a mode", _MODES),
    _rows("jax.numpy", "a shape", "tril:1=k triu:1=k diag:1=k"),
    _rows("jax.numpy.linalg", "a power", "matrix_power:1=n"),
    _rows("jax.numpy.linalg", "an axis", "norm:2=axis vector_norm:-1=axis"),
    _rows("jax.numpy.linalg", "a mode", "norm:1=ord svd:1=full_matrices,2=compute_uv"),
    _rows("jax.numpy.fft", "a shape", "fft:1=n ifft:1=n rfft:1=n irfft:1=n fft2:1=s ifft2:1=s fftn:1=s fftfreq:0=n"),
    _rows("jax.numpy.fft", "an axis", "fft:2=axis ifft:2=axis rfft:2=axis irfft:2=axis fftn:2=axes fftshift:1=axes"),
    _rows("jax.random", "a shape", "split:1=num truncated_normal:3=shape categorical:-1=shape"),
    _rows("jax.random", "a shape", "multivariate_normal:3=shape"),
    _rows("jax.random", "a shape", " ".join([f"{name}:1=shape" for name in _RANDOM_AT_1.split()])),
    _rows("jax.random", "a shape", " ".join([f"{name}:2=shape" for name in _RANDOM_AT_2.split()])),
    _rows("jax.random", "a shape", "beta:3=shape"),
    _rows("jax.random", "an axis", "categorical:2=axis permutation:2=axis"),
    _rows("jax.random", "a mode", "choice:3=replace"),
    _rows("jax.nn", "a shape", "one_hot:1=num_classes"),
    _rows("jax.nn", "an axis", "softmax:1=axis log_softmax:1=axis logsumexp:1=axis standardize:1=axis glu:1=axis"),
    _rows("jax.nn", "a mode", "gelu:1=approximate"),
    _rows("jax.scipy.special", "an axis", "logsumexp:1=axis softmax:1=axis log_softmax:1=axis"),
    _rows("jax.scipy.linalg", "a shape", "dft:0=n hilbert:0=n"),
    _rows("jax.image", "a shape", "resize:1=shape"),
    _rows("jax.image", "a mode", "resize:2=method"),
    _rows(
        "jax.ops", "a shape",
        "segment_sum:2=num_segments segment_max:2=num_segments segment_min:2=num_segments segment_prod:2=num_segments",
    ),
    _rows("jax.lax", "a shape", _LAX),
    _rows("jax.lax", "an axis", _LAX_AXES),
    _rows("jax.lax", "a mode", _LAX_MODES),
    _rows("numpy", "a shape", _SHAPES),
    _rows("numpy", "an axis", _AXES),
    _rows("builtins", "the number of turns of a Python loop", "range:0=,1=,2="),
    _rows("itertools", "the number of turns of a Python loop", "repeat:1=times combinations:1=r permutations:1=r"),
)  # fmt: skip

# methods of an array -> the same. Position -1 and keyword "" together: every positional argument.
STRUCTURE_METHODS: dict[str, Slots] = {
    "reshape": ((-1, "", "a shape"),),
    "transpose": ((-1, "", "an axis"),),
    "swapaxes": ((-1, "", "an axis"),),
    "repeat": ((2, "total_repeat_length", "a shape"), (1, "axis", "an axis")),
    "squeeze": ((0, "axis", "an axis"),),
    "argsort": ((0, "axis", "an axis"),),
    "sort": ((0, "axis", "an axis"),),
    "take": ((1, "axis", "an axis"),),
    **dict.fromkeys(
        "sum mean max min prod std var any all argmax argmin cumsum cumprod".split(),
        ((0, "axis", "an axis"), (-1, "keepdims", "a mode")),
    ),
}

# functions that turn their argument into a Python number: a tracer raises.
NUMBER_MAKERS: frozenset[str] = frozenset(
    {"builtins.int", "builtins.float", "builtins.bool", "builtins.complex", "operator.index"}
    | {
        f"math.{name}"
        for name in "sqrt log log2 log10 log1p exp sin cos tan ceil floor pow factorial gamma lgamma comb isclose "
        "prod gcd atan2 tanh fabs".split()
    }
)

# functions whose result decides structure where their arguments do: the value is looked through.
ARITHMETIC: frozenset[str] = frozenset(
    {"builtins.max", "builtins.min", "builtins.abs", "builtins.sum", "builtins.divmod", "builtins.pow",
     "builtins.tuple", "builtins.list", "builtins.sorted", "builtins.reversed", "builtins.round", *NUMBER_MAKERS}
)  # fmt: skip
