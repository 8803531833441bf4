"""Settings are in time until when the table says: each is set at three moments of a fresh process."""

import os
import subprocess
import sys

import pytest

from jaxaudit.source.knowledge.deadlines import (
    ENVIRONMENT,
    LEAVES_BACKEND,
    OPTIONS,
    READ_AT_IMPORT,
    STARTS_BACKEND,
    Setting,
)

pytest.importorskip("jax")

DEVICES = "print(len(jax.devices()) == 3)"
IS_64 = "print(jax.numpy.ones(2).dtype == 'float64')"
CASES: dict[str, tuple[str, str, Setting]] = {
    "XLA_FLAGS": (
        "os.environ['XLA_FLAGS'] = '--xla_force_host_platform_device_count=3'", DEVICES, ENVIRONMENT["XLA_FLAGS"]
    ),
    "JAX_NUM_CPU_DEVICES": ("os.environ['JAX_NUM_CPU_DEVICES'] = '3'", DEVICES, READ_AT_IMPORT),
    "JAX_ENABLE_X64": ("os.environ['JAX_ENABLE_X64'] = '1'", IS_64, READ_AT_IMPORT),
    "jax_num_cpu_devices": (
        "jax.config.update('jax_num_cpu_devices', 3)", DEVICES, OPTIONS["jax_num_cpu_devices"]
    ),
    "jax_enable_x64": (
        "jax.config.update('jax_enable_x64', True)", IS_64, OPTIONS["jax_enable_x64"]
    ),
    "jax_platforms": (
        "jax.config.update('jax_platforms', 'nosuch')",
        "try:\n  jax.numpy.ones(2); print(False)\nexcept RuntimeError: print(True)", OPTIONS["jax_platforms"],
    ),
}  # fmt: skip
MOMENTS = {
    "before import": "SET\nimport jax",
    "after import": "import jax\njax.make_jaxpr(lambda x: x + 1)(1.0)\njax.eval_shape(lambda x: x, 1.0)\nSET",
    "after the backend": "import jax\njax.devices()\nSET",
}


def outcome(program: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("JAX", "XLA"))}
    done = subprocess.run(
        [sys.executable, "-c", "import os\n" + program], env=environment, capture_output=True, text=True, check=False
    )
    return "raises" if done.returncode else {"True": "works", "False": "ignored"}[done.stdout.split()[-1]]


ALL = [n if n == "XLA_FLAGS" else pytest.param(n, marks=pytest.mark.slow) for n in CASES]


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("name", ALL)
def test_a_setting_is_in_time_until_its_deadline(name: str, moment: str) -> None:
    line, check, setting = CASES[name]
    if "config" in line and moment == "before import":
        pytest.skip("needs jax")
    in_time = {
        "import": moment == "before import",
        "backend": moment != "after the backend",
        "never": True,
    }[setting.until]
    assert outcome(MOMENTS[moment].replace("SET", line) + "\n" + check) == ("works" if in_time else setting.too_late)


CALLS = {
    "jax.devices": "jax.devices()",
    "jax.process_index": "jax.process_index()",
    "jax.random.key": "jax.random.key(0)",
    "jax.device_put": "jax.device_put(1.0)",
    "jax.make_mesh": "jax.make_mesh((1,), ('a',))",
    "jax.make_jaxpr": "jax.make_jaxpr(lambda x: x + jax.numpy.zeros(2))(1.0)",
    "jax.eval_shape": "jax.eval_shape(lambda x: x * 2, 1.0)",
    "jax.jit": "jax.jit(lambda x: x)",
    "jax.grad": "jax.grad(lambda x: x)",
    "jax.config.update": "jax.config.update('jax_enable_x64', True)",
    "jax.tree.map": "jax.tree.map(lambda x: x + 1, {'a': 1})",
    "jax.block_until_ready": "jax.block_until_ready(1.0)",
    "jax.clear_caches": "jax.clear_caches()",
}


@pytest.mark.slow
def test_calls_start_the_backend_as_the_table_says() -> None:
    lines = ["import jax", "import jax._src.xla_bridge as bridge", "assert not bridge.backends_are_initialized()"]
    lines += [CALLS[n] + f"\nassert not bridge.backends_are_initialized(), {n!r}" for n in CALLS if n in LEAVES_BACKEND]
    quiet = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False)
    assert quiet.stderr == ""
    for name in set(CALLS) & STARTS_BACKEND:
        program = "\n".join([*lines[:2], CALLS[name], "print(bridge.backends_are_initialized())"])
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert done.stdout.split() == ["True"], name
    assert set(CALLS) <= STARTS_BACKEND | LEAVES_BACKEND
