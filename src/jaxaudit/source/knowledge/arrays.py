"""Functions that return arrays: of which library, of what shape and dtype, weakly typed or not.

Weak types and default dtypes were measured on JAX 0.10.2 and 0.12.0.1 (the same on both).
"""

from typing import Any, NamedTuple


class ArrayMaker(NamedTuple):
    """What a call returns.

    library: "jax" (a device array, a tracer under a trace) or "numpy" (a host array, a constant under a trace).
    rule: how the shape follows:
        "shape" the argument at `position`/`keyword` is the shape (an int or a tuple);
        "like" the shape of that argument; "elementwise" all arguments broadcast together;
        "identity" that argument itself (an array keeps its shape, a literal list is as long as its nesting, a scalar
        has shape ()); "scalar" shape ();
        "arange", "linspace", "eye", "tri" of their numbers; "indices" index arrays;
        "reduce" over `axis`, all axes by default; "cumulative" the same shape, flattened without `axis`;
        "stack" one axis more, "concatenate" the same number of axes, of a sequence at `position`;
        "permuted" the shape of that argument, or as many as that number;
        "reshape" the same number of elements, the shape in the next position; "view" the same number of elements;
        "broadcast" to the shape in the next position; "repeat" more elements; "pick" some elements of that argument;
        "matmul", "outer", "diagonal", "einsum"; "square" a matrix factorisation or inverse of that argument; "unknown".
    dtype: position and keyword of the dtype argument, (-1, "") if there is none.
    default: dtype without it: "float" (float32, or float64 under x64; NumPy: float64), "int", "bool", "complex", "like"
        that of the array argument, "promote" the common type of all, "inexact" the same but integers become float,
        "arange" int if all numbers are ints else float, "unknown".
    weak: "strong" never weakly typed; "inherit" as JAX's promotion of the arguments has it;
        "scalar" weak if the argument is a Python int, float or complex, or weak itself, and no dtype is given (bools,
        lists and NumPy values are strong); "perhaps" strong where an argument is. NumPy arrays are always "strong".
    gives: "array", "tuple" or "list" of arrays.
    """

    library: str
    rule: str
    position: int = 0
    keyword: str = ""
    dtype: tuple[int, str] = (-1, "")
    default: str = "promote"
    weak: str = "inherit"
    gives: str = "array"


_ELEMENTWISE_INEXACT = (
    "acos acosh angle arccos arccosh arcsin arcsinh arctan arctan2 arctanh asin asinh atan atan2 atanh cbrt copysign "
    "cos cosh deg2rad degrees divide exp exp2 expm1 float_power heaviside hypot i0 log log10 log1p log2 logaddexp "
    "logaddexp2 nextafter rad2deg radians sin sinc sinh spacing sqrt tan tanh true_divide unwrap"
)
_ELEMENTWISE = (
    "abs absolute add around bitwise_and bitwise_count bitwise_invert bitwise_left_shift bitwise_not bitwise_or "
    "bitwise_right_shift bitwise_xor ceil clip conj conjugate fabs floor floor_divide fmax fmin fmod gcd imag invert "
    "lcm ldexp left_shift maximum minimum mod multiply nan_to_num negative positive pow power real real_if_close "
    "reciprocal remainder right_shift rint round sign square subtract trunc fix where select choose"
)
_ELEMENTWISE_BOOL = (
    "equal greater greater_equal isclose isfinite isin isinf isnan isneginf isposinf isreal iscomplex less less_equal "
    "logical_and logical_not logical_or logical_xor not_equal signbit"
)
_REDUCE = "amax amin max min nanmax nanmin nanprod nansum prod ptp sum trace"
_REDUCE_INEXACT = (
    "average mean median nanmean nanmedian nanpercentile nanquantile nanstd nanvar percentile quantile std var "
    "trapezoid"
)
_REDUCE_INT = "argmax argmin count_nonzero nanargmax nanargmin"
_REDUCE_BOOL = "all any"
_CUMULATIVE = "cumprod cumsum nancumprod nancumsum cumulative_prod cumulative_sum"
_SAME = "argpartition argsort lexsort partition sort sort_complex flip fliplr flipud roll gradient"
_VIEW = (
    "atleast_1d atleast_2d atleast_3d expand_dims matrix_transpose moveaxis permute_dims ravel rollaxis rot90 squeeze "
    "swapaxes transpose"
)
_REPEAT = "append diff ediff1d insert delete pad repeat resize tile kron block"
_PICK = (
    "compress diagonal extract take take_along_axis unique unique_values intersect1d setdiff1d setxor1d union1d "
    "trim_zeros tril triu"
)
_STACK = "stack"
_CONCATENATE = "column_stack concat concatenate dstack hstack vstack row_stack"
_SPLIT = "array_split dsplit hsplit split unstack vsplit broadcast_arrays meshgrid"
_INDICES = "argwhere flatnonzero indices searchsorted digitize bincount"
_INDEX_TUPLES = (
    "diag_indices diag_indices_from ix_ mask_indices nonzero tril_indices tril_indices_from triu_indices "
    "triu_indices_from unravel_index"
)
_TUPLES = "divmod frexp modf histogram histogram2d histogramdd unique_all unique_counts unique_inverse polydiv"
_MATMUL = "dot inner matmul matvec vecmat vdot vecdot tensordot"
_OTHERS = (
    "bartlett blackman convolve corrcoef correlate cov cross diagflat fill_diagonal hamming hanning interp kaiser "
    "packbits piecewise place poly polyadd polyder polyfit polyint polymul polysub polyval put put_along_axis "
    "ravel_multi_index roots unpackbits vander histogram_bin_edges apply_along_axis apply_over_axes fromfunction"
)
_WITH_DTYPE = "sum prod mean std var cumsum cumprod nansum nanprod nanmean nanstd nanvar nancumsum nancumprod trace"


def _rows(library: str, module: str) -> dict[str, ArrayMaker]:
    def rows(names: str, rule: str, default: str, weak: str = "inherit", **more: Any) -> dict[str, ArrayMaker]:
        if library == "numpy":
            weak = "strong"
        maker = ArrayMaker(library, rule, default=default, weak=weak)._replace(**more)
        return {f"{module}.{name}": maker for name in names.split()}

    table = {
        **rows(_ELEMENTWISE_INEXACT, "elementwise", "inexact"),
        **rows(_ELEMENTWISE, "elementwise", "promote"),
        **rows(_ELEMENTWISE_BOOL, "elementwise", "bool"),
        **rows(_REDUCE, "reduce", "like", "strong"),
        **rows(_REDUCE_INEXACT, "reduce", "inexact", "strong"),
        **rows(_REDUCE_INT, "reduce", "int", "strong"),
        **rows(_REDUCE_BOOL, "reduce", "bool", "strong"),
        **rows(_CUMULATIVE, "cumulative", "like", "strong"),
        **rows(_SAME, "like", "like"),
        **rows("argsort argpartition lexsort", "like", "int", "strong"),
        **rows("gradient", "like", "inexact"),
        **rows(_VIEW, "view", "like"),
        **rows(_REPEAT, "repeat", "like"),
        **rows(_PICK, "pick", "like"),
        **rows(_STACK, "stack", "promote"),
        **rows(_CONCATENATE, "concatenate", "promote"),
        **rows(_SPLIT, "pick", "like", gives="list"),
        **rows(_INDICES, "indices", "int", "strong"),
        **rows(_INDEX_TUPLES, "indices", "int", "strong", gives="tuple"),
        **rows(_TUPLES, "unknown", "unknown", "strong", gives="tuple"),
        **rows(_MATMUL, "matmul", "promote"),
        **rows("einsum", "einsum", "promote"),
        **rows("outer", "outer", "promote"),
        **rows("diag", "diagonal", "like"),
        **rows(_OTHERS, "unknown", "unknown", "strong"),
        **rows("bartlett blackman hamming hanning kaiser", "permuted", "float", "strong"),
        **rows("reshape", "reshape", "like"),
        **rows("broadcast_to", "broadcast", "like"),
        # creation
        **rows("zeros ones empty", "shape", "float", "strong", keyword="shape", dtype=(1, "dtype")),
        **rows("full", "shape", "promote", "scalar", keyword="shape", dtype=(2, "dtype")),
        **rows("zeros_like ones_like empty_like", "like", "like", dtype=(1, "dtype")),
        **rows("full_like", "like", "like", dtype=(2, "dtype")),
        **rows("arange", "arange", "arange", "strong", dtype=(3, "dtype")),
        **rows("linspace logspace", "linspace", "inexact", "strong", dtype=(5, "dtype")),
        **rows("geomspace", "linspace", "inexact", "strong", dtype=(4, "dtype")),
        **rows("eye", "eye", "float", "strong", dtype=(3, "dtype")),
        **rows("identity", "eye", "float", "strong", dtype=(1, "dtype")),
        **rows("tri", "tri", "float", "strong", dtype=(3, "dtype")),
        **rows("array asarray", "identity", "promote", "scalar", dtype=(1, "dtype")),
        **rows("copy", "identity", "like"),
        **rows("astype", "identity", "like", "strong", dtype=(1, "dtype")),
        **rows("frombuffer fromfile fromstring fromiter from_dlpack load", "unknown", "unknown", "strong"),
    }
    for name in _WITH_DTYPE.split():
        table[f"{module}.{name}"] = table[f"{module}.{name}"]._replace(dtype=(2, "dtype"))
    table[f"{module}.trace"] = table[f"{module}.trace"]._replace(dtype=(4, "dtype"))
    linalg = {
        **rows("cholesky inv pinv matrix_power", "square", "inexact", "strong"),
        **rows("eig eigh lstsq qr slogdet svd", "square", "inexact", "strong", gives="tuple"),
        **rows("det norm matrix_norm vector_norm cond matrix_rank trace", "reduce", "inexact", "strong"),
        **rows("eigvals eigvalsh svdvals tensorinv tensorsolve diagonal cross", "unknown", "inexact", "strong"),
        **rows("solve", "like", "inexact", "strong", position=1, keyword="b"),
        **rows("matmul multi_dot tensordot vecdot outer matrix_transpose", "matmul", "promote"),
    }
    table.update({f"{module}.linalg.{name.rsplit('.', 1)[1]}": maker for name, maker in linalg.items()})
    fft = rows("fft fft2 fftn ifft ifft2 ifftn", "like", "complex", "strong")
    fft |= rows("ihfft rfft rfft2 rfftn", "unknown", "complex", "strong")
    fft |= rows("hfft irfft irfft2 irfftn", "unknown", "float", "strong")
    fft |= rows("fftshift ifftshift", "like", "like")
    fft |= rows("fftfreq rfftfreq", "arange", "float", "strong")
    table.update({f"{module}.fft.{name.rsplit('.', 1)[1]}": maker for name, maker in fft.items()})
    return table


_NUMPY_COPIES = "asanyarray asarray_chkfinite ascontiguousarray asfortranarray require asmatrix genfromtxt loadtxt"
_NUMPY_DRAWS = (
    "beta binomial chisquare choice dirichlet exponential f gamma geometric gumbel hypergeometric laplace logistic "
    "lognormal logseries multinomial multivariate_normal negative_binomial normal pareto permutation poisson power "
    "rand randint randn random random_integers random_sample ranf rayleigh sample standard_cauchy standard_exponential "
    "standard_gamma standard_normal standard_t triangular uniform vonmises wald weibull zipf"
)
_NUMPY_ONLY = ("fix", "row_stack", "real_if_close")

# name -> what it returns, for NumPy.
NUMPY: dict[str, ArrayMaker] = {
    **_rows("numpy", "numpy"),
    **{
        f"numpy.{name}": ArrayMaker("numpy", "identity", dtype=(1, "dtype"), default="like", weak="strong")
        for name in _NUMPY_COPIES.split()
    },
    **{
        f"numpy.random.{name}": ArrayMaker("numpy", "shape", -1, "size", default="float", weak="strong")
        for name in _NUMPY_DRAWS.split()
    },
    "numpy.random.permutation": ArrayMaker("numpy", "permuted", 0, "x", default="like", weak="strong"),
}

# name -> what it returns, for jax.numpy.
JNP: dict[str, ArrayMaker] = {
    name: maker for name, maker in _rows("jax", "jax.numpy").items() if name.rsplit(".", 1)[1] not in _NUMPY_ONLY
}
