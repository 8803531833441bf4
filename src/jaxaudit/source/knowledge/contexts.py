"""What kind of place code stands in: run once, once per key, for a test, as an example."""

# ruff: noqa: SIM905 (long lists of names read better as text)

# functions of these names at module level run once per process, unless a caller shows otherwise.
RUN_ONCE: frozenset[str] = frozenset(
    "main cli run_main setup_module setUpModule setup_class setUpClass configure setup_logging parse_args".split()
)
# methods that run once per object. A compiled function stored on the object there belongs to that object.
ONCE_PER_OBJECT: frozenset[str] = frozenset(
    "__init__ __post_init__ __new__ __set_name__ __init_subclass__ setup build initialize on_fit_start "
    "__attrs_post_init__ configure_optimizers".split()
)
# methods that test runners call once per test.
ONCE_PER_TEST: frozenset[str] = frozenset("setUp tearDown setup_method teardown_method".split())

# decorators and wrappers that make the function inside run once per key: what it builds is kept.
CACHES: frozenset[str] = frozenset(
    {
        "functools.lru_cache", "functools.cache", "functools.cached_property", "functools.singledispatch",
        "jax.util.cache", "jax._src.util.cache", "jax._src.util.weakref_lru_cache", "jax.util.weakref_lru_cache",
        "jax._src.linear_util.cache", "jax.linear_util.cache", "equinox.internal.cached_filter_eval_shape",
        "equinox._caches.internal_lru_caches", "joblib.Memory.cache", "cachetools.cached", "cachetools.cachedmethod",
        "diskcache.Cache.memoize", "werkzeug.utils.cached_property", "cached_property.cached_property",
        "flax.core.lift.fold_rngs", "toolz.memoize", "streamlit.cache_data", "streamlit.cache_resource",
        "django.utils.functional.cached_property", "methodtools.lru_cache", "sympy.core.cache.cacheit",
        "netket.utils.struct.property_cached", "netket.utils.struct.dataclass.property_cached", "attrs.cached_property",
    }
)  # fmt: skip


# names of folders and files: tests, benchmarks, and code that shows rather than serves.
TEST_FOLDERS: frozenset[str] = frozenset("test tests testing _test _tests unit_tests integration_tests".split())
BENCHMARK_FOLDERS: frozenset[str] = frozenset("bench benches benchmark benchmarks profiling perf".split())
TEST_FILE_PARTS: tuple[str, ...] = ("test_", "_test.py", "conftest.py")
BENCHMARK_FILE_PARTS: tuple[str, ...] = ("bench_", "benchmark_", "_benchmark.py", "_bench.py")

# iterables that make a loop a benchmark or a progress bar around the same work.
PROGRESS: dict[str, int] = {
    "tqdm.tqdm": 0,
    "tqdm.auto.tqdm": 0,
    "tqdm.notebook.tqdm": 0,
    "tqdm.trange": -1,
    "tqdm.auto.trange": -1,
    "rich.progress.track": 0,
    "alive_progress.alive_it": 0,
    "click.progressbar": 0,
    "progressbar.progressbar": 0,
    "fastprogress.progress_bar": 0,
    "builtins.enumerate": 0,
    "builtins.reversed": 0,
    "builtins.iter": 0,
}
