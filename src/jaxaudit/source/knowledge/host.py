"""Where the host waits for the device, where Python has effects of its own, and tests that need no array value."""

# builtins that need the value of a device array: name -> position of the argument. Under a trace they raise.
SYNC_BUILTINS: dict[str, int] = {
    "builtins.float": 0,
    "builtins.int": 0,
    "builtins.bool": 0,
    "builtins.complex": 0,
    "builtins.str": 0,
    "builtins.repr": 0,
    "builtins.print": 0,
    "builtins.format": 0,
    "builtins.list": 0,
    "builtins.tuple": 0,
    "builtins.set": 0,
    "builtins.sorted": 0,
    "builtins.range": 0,
    "builtins.any": 0,
    "builtins.all": 0,
    "builtins.hex": 0,
    "operator.index": 0,
}

# methods of an array that fetch it or wait for it.
SYNC_METHODS: frozenset[str] = frozenset(
    {
        "item", "tolist", "block_until_ready", "__float__", "__int__", "__bool__", "__index__", "__array__", "tobytes",
        "copy_to_host", "to_py",
    }
)  # fmt: skip

# functions that fetch a device array or wait for it: name -> position of the argument (-1: any).
SYNC_FUNCTIONS: dict[str, int] = {
    "jax.device_get": 0,
    "jax.block_until_ready": 0,
    "jax.effects_barrier": -1,
    "numpy.asarray": 0,
    "numpy.array": 0,
    "numpy.asanyarray": 0,
    "numpy.ascontiguousarray": 0,
    "numpy.save": 1,
    "numpy.savez": -1,
    "numpy.savez_compressed": -1,
    "numpy.savetxt": 1,
    "jax.numpy.save": 1,
    "jax.numpy.savez": -1,
    "numpy.float32": 0,
    "numpy.float64": 0,
    "numpy.int32": 0,
    "numpy.int64": 0,
    "numpy.isnan": 0,
    "numpy.isfinite": 0,
    "numpy.allclose": 0,
    "numpy.array_equal": 0,
    "numpy.testing.assert_allclose": -1,
    "numpy.testing.assert_array_equal": -1,
    "jax.experimental.multihost_utils.process_allgather": 0,
    "pickle.dump": 0,
    "pickle.dumps": 0,
    "json.dump": 0,
    "json.dumps": 0,
    "equinox.tree_serialise_leaves": 1,
    "flax.serialization.to_bytes": 0,
    "flax.serialization.msgpack_serialize": 0,
    "wandb.log": 0,
    "mlflow.log_metric": 1,
    "mlflow.log_metrics": 0,
    "matplotlib.pyplot.plot": -1,
    "matplotlib.pyplot.imshow": 0,
    "matplotlib.pyplot.scatter": -1,
    "matplotlib.pyplot.hist": 0,
    "pandas.DataFrame": 0,
}
# modules of which any function that is handed a device array fetches it.
SYNC_MODULES: tuple[str, ...] = ("math.", "statistics.", "numpy.", "scipy.", "matplotlib.", "pandas.", "logging.")

# -- effects: what happens once, while tracing, and never again --------------------------------------------------------

# the host's own random numbers: module prefixes; under a trace one draw is baked in.
HOST_RANDOM_MODULES: tuple[str, ...] = ("numpy.random.", "random.", "secrets.")
# of those, what only makes or seeds a generator.
# objects whose methods draw.
HOST_GENERATORS: frozenset[str] = frozenset({"numpy.random.default_rng", "numpy.random.RandomState", "random.Random"})
HOST_RANDOM_SEEDS: frozenset[str] = frozenset(
    {
        "numpy.random.seed", "numpy.random.default_rng", "numpy.random.RandomState", "numpy.random.SeedSequence",
        "numpy.random.get_state", "numpy.random.set_state", "random.seed", "random.Random", "random.getstate",
        "random.setstate", "numpy.random.Generator", "numpy.random.PCG64", "numpy.random.Philox",
        "numpy.random.MT19937",
    }
)  # fmt: skip
CLOCKS: frozenset[str] = frozenset(
    {
        "time.time", "time.perf_counter", "time.monotonic", "time.process_time", "time.time_ns", "time.perf_counter_ns",
        "time.thread_time", "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.date.today",
        "timeit.default_timer", "time.sleep", "time.strftime", "time.ctime", "uuid.uuid4", "os.urandom",
    }
)  # fmt: skip
# functions that write to the world outside.
OUTPUT: frozenset[str] = frozenset(
    {
        "builtins.print", "builtins.input", "builtins.open", "logging.debug", "logging.info", "logging.warning",
        "logging.error", "logging.critical", "logging.log", "logging.exception", "absl.logging.info",
        "absl.logging.warning", "absl.logging.error", "absl.logging.debug", "warnings.warn", "sys.stdout.write",
        "sys.stderr.write", "pprint.pprint", "rich.print", "click.echo", "os.system", "subprocess.run", "wandb.log",
        "loguru.logger.info", "loguru.logger.debug", "loguru.logger.warning", "tqdm.tqdm.write", "numpy.save",
        "numpy.savez", "numpy.savetxt", "pickle.dump", "json.dump", "matplotlib.pyplot.show",
        "matplotlib.pyplot.savefig", "matplotlib.pyplot.plot",
    }
)  # fmt: skip

# -- tests that need no array value: their result is known while tracing ----------------------------------------------
