"""Messages as people paste them: from logs, notebooks, clusters and other versions, with all that stands around them."""

import pytest

from jaxaudit.steps.explain import explain
from jaxaudit.steps.messages import meanings

SLOW = """2024-11-04 20:21:27.997499: E external/xla/xla/service/slow_operation_alarm.cc:65] Constant folding an instruction \
is taking > 1s:

  %reduce-window.6 = s32[625000,16]{0,1} reduce-window(s32[625000,16]{0,1} %constant.174, s32[] %constant.17)

This isn't necessarily a bug; constant-folding is inherently a trade-off between compilation time and speed at runtime.
"""
ALARM = (
    "2024-11-04 20:21:33.721446: E external/xla/xla/service/slow_operation_alarm.cc:133] The operation took 6.728977s"
)
SLOW_COMPILE = """********************************
[Compiling module jit_train_step for CPU] Very slow compile? If you want to file a bug, run with envvar
XLA_FLAGS=--xla_dump_to=/tmp/foo and attach the results.
********************************"""
OLD_OOM = """INFO:absl:Unable to initialize backend 'tpu_driver': NOT_FOUND: Unable to find driver in registry given worker:
INFO:absl:Unable to initialize backend 'rocm': NOT_FOUND: Could not find registered platform with name: "rocm"
Traceback (most recent call last):
  File "/home/me/run.py", line 358, in main
    out = compiled.execute(in_flat)
jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Failed to allocate request for 2.99GiB on device ordinal 0
BufferAssignment OOM Debugging.
BufferAssignment stats:
             parameter allocation:    6.00MiB
              constant allocation:    2.10GiB"""
BFC = """2025-05-13 09:18:55.172253: W external/xla/xla/tsl/framework/bfc_allocator.cc:501] Allocator (GPU_0_bfc) ran out \
of memory trying to allocate 95.40GiB (rounded to 102432004352)requested by op"""
REMAT = """W0000 00:00:1756998431.440298    5182 hlo_rematerialization.cc:3183] Can't reduce memory use below 10.64GiB \
(11428802214 bytes) by rematerialization; only reduced to 71.27GiB (76523901244 bytes), down from 73.51GiB"""
SPMD = """E0531 10:54:04.832741 2609008 spmd_partitioner.cc:569] [spmd] Involuntary full rematerialization. The compiler was
not able to go from sharding {devices=[2,1,4]<=[4,2]T(1,0)} to {devices=[1,8,1]<=[8]} without doing a full one."""
UNEVEN = """ValueError: One of device_put args was given the sharding of NamedSharding(mesh=Mesh('batch': 4, 'fsdp': 1),
spec=PartitionSpec(('batch', 'fsdp'),), memory_kind=device), which implies that the global size of its dimension 0 should
be divisible by 4, but it is equal to 19 (full shape: (19, 10, 32))"""
SHARD_MAP = """ValueError: shard_map applied to the function 'ring_attention' was given argument arrays with axis sizes that
are not evenly divisible by the corresponding mesh axis sizes:

The mesh given has shape (1, 8, 1, 1) with corresponding axis names ('dp', 'fsdp', 'tp', 'sp')."""
NOTEBOOK = """---------------------------------------------------------------------------
TracerBoolConversionError                 Traceback (most recent call last)
Cell In[14], line 7
      4 @jax.jit
----> 7 loss = step(params, batch)

    [... skipping hidden 12 frame]

TracerBoolConversionError: Attempted boolean conversion of traced array with shape bool[].
The error occurred while tracing the function step at <ipython-input-14>:4 for jit."""
OLD_TRACER = """FilteredStackTrace: jax.core.ConcretizationTypeError: Abstract tracer value encountered where concrete value
is expected.

The error arose in jax.numpy.reshape.

Encountered tracer value: Traced<ShapedArray(int64[])>with<DynamicJaxprTrace(level=0/1)>"""
DONATED = """jax/_src/interpreters/mlir.py:790: UserWarning: Some donated buffers were not usable:
ShapedArray(float32[185,16,16,3]), ShapedArray(int32[185]).
See an explanation at https://jax.readthedocs.io/en/latest/faq.html#buffer-donation."""
OLD_DONATED = """ValueError: INVALID_ARGUMENT: Invalid buffer passed to Execute() as argument 0 to replica 0:
INVALID_ARGUMENT: Donation requested for invalid buffer"""
RICH = """╭──────────────── Traceback (most recent call last) ────────────────╮
│ /home/me/train.py:12 in <module>                                  │
│ ❱ 12 step(x)                                                      │
╰───────────────────────────────────────────────────────────────────╯
UnexpectedTracerError: Encountered an unexpected tracer. A function transformed by JAX had a side effect, allowing for a
reference to an intermediate value with type float32[3] wrapped in a DynamicJaxprTracer to escape the scope of the
transformation."""
PYTEST = """E       TypeError: scan body function carry input and carry output must have equal types, but they differ:
E
E       The input carry c has type float32[] but the corresponding output carry component has type float64[], so the
E       dtypes do not match."""
RAY = (
    "(CompileWorker pid=945590) F1121 1234 parse_flags_from_env.cc:234] Unknown flag in XLA_FLAGS: --xla_gpu_nope=true"
)
WINDOWS = "UserWarning: A large amount of constants were captured\r\n during lowering (2.15GB total).\r\n"
MISS = """WARNING:2025-09-01 10:00:00,001:jax._src.pjit:770: TRACING CACHE MISS at /home/me/train.py:40:8 (train):
  for step defined at /home/me/train.py:11
  all previously seen cache keys are different. Closest previous key:
  different input types:
    * at params['w'], now f32[3] and before f32[4]"""
FALLBACK = """WARNING:2025-08-25 09:33:02,014:jax._src.xla_bridge:794: An NVIDIA GPU may be present on this machine, but a
CUDA-enabled jaxlib is not installed. Falling back to cpu."""
X64 = """train.py:3: UserWarning: Explicitly requested dtype <class 'jax.numpy.float64'> requested in array is not available,
and will be truncated to dtype float32. To enable more dtypes, set the jax_enable_x64 configuration option."""
CUDNN = """E0306 12:00:00.1 cuda_dnn.cc:454] Loaded runtime CuDNN library: 8.5.0 but source was compiled with: 8.9.4.
CuDNN library needs to have matching major version and equal or higher minor version."""
MOVED = "AttributeError: module 'jax' has no attribute 'tree_map'. Did you mean: 'tree'?"
IMPORT = "ImportError: cannot import name 'linear_util' from 'jax' (/home/me/site-packages/jax/__init__.py)"
VMAP = """ValueError: vmap got inconsistent sizes for array axes to be mapped:
  * one axis had size 3: axis 0 of argument a of type float32[3];
  * one axis had size 4: axis 0 of argument b of type float32[4]"""

PASTED = [
    (SLOW, "captured-array", "XLA computes on constants"),
    (ALARM, "captured-array", "XLA computes on constants"),
    (SLOW_COMPILE, "unrolled-loop", "XLA has compiled for minutes"),
    (OLD_OOM, "captured-array", "no memory left"),
    (BFC, "captured-array", "no memory left"),
    (REMAT, "unrolled-loop", "more memory than the device has"),
    (SPMD, "", "device gathers the whole array"),
    (UNEVEN, "", "more parts than it can be cut into evenly"),
    (SHARD_MAP, "", "more parts than it can be cut into evenly"),
    (NOTEBOOK, "branch-on-tracer", "asks for the truth of a value that is traced"),
    (OLD_TRACER, "missing-static", "needs a number got a traced value"),
    (DONATED, "donated-reuse", "matches no output"),
    (OLD_DONATED, "donated-reuse", "is read again"),
    (RICH, "trace-time-effect", "left its function by a side effect"),
    (PYTEST, "unstable-structure", "differ in shape, dtype or weak type"),
    (RAY, "unknown-xla-flag", "does not know"),
    (WINDOWS, "captured-array", "reads arrays from an enclosing scope"),
    (MISS, "unstable-structure", "JAX traces, and usually compiles, a function again"),
    (FALLBACK, "", "JAX runs on the CPU"),
    (X64, "", "32 bits are delivered"),
    (CUDNN, "", "cuDNN"),
    (MOVED, "", "was removed or moved"),
    (IMPORT, "", "was removed or moved"),
    (VMAP, "", "mapped axes have different lengths"),
]


@pytest.mark.parametrize(("text", "rule", "cause"), PASTED)
def test_what_people_paste_is_understood(text: str, rule: str, cause: str) -> None:
    document = explain(text)
    assert cause in document["message"]["cause"]
    if rule:
        assert rule in [one["name"] for one in document["rules"]]


@pytest.mark.parametrize("aside", [FALLBACK, X64, DONATED, MISS])
def test_an_error_comes_before_what_was_said_aside(aside: str) -> None:
    assert meanings(f"{aside}\n{OLD_OOM}")[0] == meanings(OLD_OOM)[0]
    assert meanings(f"{aside}\n{NOTEBOOK}")[0] == meanings(NOTEBOOK)[0]


UNKNOWN = [
    "TypeError: unsupported operand type(s) for +: 'NoneType' and 'int'",
    "TypeError: step() got an unexpected keyword argument 'y'",
    "ValueError: too many values to unpack (expected 2)",
    "KeyError: 'params' is missing",
    "ModuleNotFoundError: No module named 'numpy'",
    "FileNotFoundError: [Errno 2] No such file or directory: 'data.npz'",
    "Segmentation fault (core dumped)",
    "TypeError: unhashable type: 'list'",
]


@pytest.mark.parametrize("text", UNKNOWN)
def test_what_is_not_known_is_said_so(text: str) -> None:
    document = explain(text)
    assert document["message"]["cause"] is None
    assert document["message"]["next"].startswith("jaxaudit does not know this message.")
