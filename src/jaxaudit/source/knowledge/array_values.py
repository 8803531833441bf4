"""What becomes of array values: methods, attributes, operators, weak types, loaders, and what stays on the host."""

# ruff: noqa: SIM905 (long lists of names read better as text)

# attributes of an array that are known while tracing: reading them needs no value.
STATIC_ATTRIBUTES: frozenset[str] = frozenset(
    {"shape", "ndim", "dtype", "size", "itemsize", "nbytes", "weak_type", "aval", "sharding", "committed", "vma"}
)

# method of an array -> the jax.numpy function of the same meaning (its row in ARRAYS tells shape and dtype).
ARRAY_METHODS: dict[str, str] = {
    name: f"jax.numpy.{name}"
    for name in (
        "all any argmax argmin argpartition argsort astype choose clip compress conj conjugate copy cumprod cumsum "
        "diagonal dot max mean min nonzero prod ptp ravel repeat reshape round searchsorted sort squeeze std sum "
        "swapaxes take trace transpose var"
    ).split()
} | {"flatten": "jax.numpy.ravel", "view": "jax.lax.bitcast_convert_type", "byteswap": "", "to_device": ""}

# `x.at[i].<method>(v)`: methods that give a new array of the same shape; "get" gives a part.
AT_METHODS: frozenset[str] = frozenset(
    "set add subtract multiply mul divide power min max apply get".split()
)  # fmt: skip


# functions of array libraries whose result is a host value that is known while tracing.
HOST_RESULTS: frozenset[str] = frozenset(
    f"{module}.{name}"
    for module in ("jax.numpy", "numpy")
    for name in (
        "shape ndim size dtype finfo iinfo issubdtype isdtype can_cast promote_types result_type broadcast_shapes "
        "isscalar iscomplexobj isrealobj iterable einsum_path get_printoptions array_repr array_str"
    ).split()
) | frozenset(
    {
        "jax.lax.dtype", "jax.lax.broadcast_shapes", "jax.lax.axis_size", "jax.lax.conv_dimension_numbers",
        "jax.dtypes.canonicalize_dtype", "jax.dtypes.issubdtype", "jax.dtypes.result_type", "jax.typeof",
        "jax.eval_shape", "jax.tree.structure", "jax.device_count", "jax.local_device_count", "jax.process_count",
        "jax.process_index", "jax.devices", "jax.local_devices", "jax.default_backend", "jax.make_mesh",
        "equinox.is_array", "equinox.is_array_like", "equinox.is_inexact_array", "equinox.is_inexact_array_like",
        "equinox.filter_eval_shape", "numpy.iscomplexobj", "numpy.array2string", "numpy.min_scalar_type",
        "builtins.len", "builtins.isinstance", "builtins.issubclass", "builtins.hasattr", "builtins.callable",
        "builtins.type", "builtins.id", "builtins.range", "builtins.repr", "inspect.signature", "inspect.isclass",
        "inspect.isfunction", "inspect.getfullargspec", "os.path.join", "os.getenv", "os.environ.get",
        "dataclasses.fields", "dataclasses.is_dataclass",
    }
)  # fmt: skip

# module constants that are Python numbers (jnp.pi is a float, no array).
PYTHON_NUMBERS: frozenset[str] = frozenset(
    f"{module}.{name}" for module in ("jax.numpy", "numpy", "math") for name in ("pi", "e", "inf", "nan", "tau")
) | frozenset({"numpy.euler_gamma", "jax.numpy.euler_gamma", "scipy.constants.c", "scipy.constants.pi"})


# loaders: name -> "numpy", "jax" or "frame" (a table whose columns are arrays).
LOADERS: dict[str, str] = {
    "numpy.load": "numpy",
    "numpy.loadtxt": "numpy",
    "numpy.genfromtxt": "numpy",
    "numpy.fromfile": "numpy",
    "numpy.memmap": "numpy",
    "numpy.lib.format.open_memmap": "numpy",
    "numpy.fromregex": "numpy",
    "jax.numpy.load": "jax",
    "jax.numpy.fromfile": "jax",
    "scipy.io.loadmat": "frame",
    "scipy.io.wavfile.read": "numpy",
    "scipy.sparse.load_npz": "numpy",
    "scipy.datasets.face": "numpy",
    "h5py.File": "frame",
    "astropy.io.fits.getdata": "numpy",
    "astropy.io.fits.open": "frame",
    "astropy.table.Table.read": "frame",
    "pandas.read_csv": "frame",
    "pandas.read_parquet": "frame",
    "pandas.read_hdf": "frame",
    "pandas.read_pickle": "frame",
    "xarray.open_dataset": "frame",
    "xarray.open_dataarray": "frame",
    "xarray.load_dataset": "frame",
    "zarr.open": "frame",
    "tifffile.imread": "numpy",
    "imageio.imread": "numpy",
    "imageio.v2.imread": "numpy",
    "imageio.v3.imread": "numpy",
    "skimage.io.imread": "numpy",
    "matplotlib.pyplot.imread": "numpy",
    "cv2.imread": "numpy",
    "PIL.Image.open": "frame",
    "orbax.checkpoint.load": "jax",
    "flax.training.checkpoints.restore_checkpoint": "jax",
    "flax.serialization.from_bytes": "jax",
    "equinox.tree_deserialise_leaves": "jax",
    "sklearn.datasets.load_digits": "frame",
    "sklearn.datasets.load_iris": "frame",
    "sklearn.datasets.fetch_openml": "frame",
    "tensorflow_datasets.as_numpy": "frame",
    "tensorflow_datasets.load": "frame",
}
# attributes and methods of a frame, a file handle or a Dataset that give a NumPy array.
FRAME_ATTRIBUTES: frozenset[str] = frozenset({"values", "data", "array", "target", "images"})
FRAME_METHODS: frozenset[str] = frozenset({"to_numpy", "values", "as_matrix", "toarray", "todense", "numpy", "read"})

# objects whose draws are NumPy arrays: name -> their methods are those of numpy.random.Generator.
NUMPY_GENERATORS: frozenset[str] = frozenset(
    {"numpy.random.default_rng", "numpy.random.RandomState", "numpy.random.Generator"}
)
