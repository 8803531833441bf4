"""`late-setting` in programs that really ran."""

import pytest

from rules.really_run import findings_of, said

FAULTY = {
    "flags": """import os
import jax
jax.devices()
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=4"  # here
""",
    "through_a_function": """import os
import jax.numpy as jnp

def use_devices(n):
    flags = os.environ.get("XLA_FLAGS", "")
    os.environ["XLA_FLAGS"] = f"{flags} --xla_force_host_platform_device_count={n}"  # here

x = jnp.ones(3)
use_devices(4)
""",
    "variable": """import os
import jax
os.environ.setdefault("JAX_ENABLE_X64", "1")  # here
x = jax.numpy.ones(3)
""",
    "option": """import jax
import jax.numpy as jnp
x = jnp.ones(3)
jax.config.update("jax_platforms", "cuda")  # here
""",
    "in_a_helper": """import jax
import _setup
x = jax.random.normal(jax.random.key(0), (3,))
_setup.configure()
""",
    "_setup": """import os

def configure():
    os.environ.update(XLA_FLAGS="--xla_cpu_enable_fast_math=true", OMP_NUM_THREADS="1")  # here
""",
    "cache": """import tempfile
import jax
jax.config.update("jax_compilation_cache_dir", tempfile.mkdtemp())
x = jax.numpy.ones(3) + 1
jax.config.update("jax_compilation_cache_dir", tempfile.mkdtemp())  # here
x = x + 2
""",
}
FINE = {
    "in_time": """import os
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"
os.environ["JAX_ENABLE_X64"] = "1"
import jax
jax.config.update("jax_platforms", "cpu")
x = jax.numpy.ones(3)
jax.config.update("jax_debug_nans", True)
""",
    "flags_before_the_backend": """import os
import jax
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"
assert jax.device_count() == 2
""",
    "both": """import os
import jax
os.environ["JAX_ENABLE_X64"] = "True"
jax.config.update("jax_enable_x64", True)
x = jax.numpy.ones(3)
os.environ["JAX_PLATFORMS"] = "cpu"
jax.config.update("jax_platforms", "cpu")
os.environ["MY_XLA_FLAGS"] = os.environ["JAX_OF_MY_OWN"] = "1"
""",
    "cache_set_once": """import tempfile
import jax
x = jax.numpy.ones(3) + 1
jax.config.update("jax_compilation_cache_dir", tempfile.mkdtemp())
x = x + 2
""",
    "cache_closed": """import tempfile
import jax
from jax.experimental.compilation_cache import compilation_cache
jax.config.update("jax_compilation_cache_dir", tempfile.mkdtemp())
x = jax.numpy.ones(3) + 1
compilation_cache.reset_cache()
jax.config.update("jax_compilation_cache_dir", tempfile.mkdtemp())
x = x + 2
""",
    "put_back": """import os
import jax
x = jax.numpy.ones(3)
os.environ["XLA_FLAGS"] = "--xla_dump_to=/nowhere"
del os.environ["XLA_FLAGS"]
""",
}


@pytest.mark.parametrize("name", sorted(set(FAULTY) - {"_setup"}))
def test_a_setting_without_an_effect(tmp_path, name):
    found = findings_of(tmp_path, ("late-setting",), {"_setup": FAULTY["_setup"], name: FAULTY[name]})
    (one,) = [one for every in found.values() for one in every]
    lines = (tmp_path / one.place.path).read_text().splitlines()
    assert lines[one.place.line - 1].endswith("# here")
    assert one.certain
    assert "too late and has no effect" in one.message


@pytest.mark.parametrize("name", FINE)
def test_what_is_fine_is_not_named(tmp_path, name):
    found = findings_of(tmp_path, ("late-setting",), {name: FINE[name]})[name]
    assert not found, said(found)


def test_a_variable_for_a_child_is_a_suspicion(tmp_path):
    program = """import os, subprocess, sys
import jax
x = jax.numpy.ones(3)
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"
subprocess.run([sys.executable, "-c", "import jax; jax.numpy.ones(3)"], check=True)
"""
    (one,) = findings_of(tmp_path, ("late-setting",), {"parent": program})["parent"]
    assert not one.certain
