"""The cube and series of frames over eight devices, and over two processes."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.instrument.spread import spread_cube, spread_series

HERE = Path(__file__).parent
ROOT = HERE.parents[3]


def started(count, index, port, devices):
    paths = [str(ROOT / "src"), str(HERE.parent)]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(paths),
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}",
    }
    command = [sys.executable, HERE / "spread_program.py", str(count), str(index), str(port), HERE.parent / "imaging"]
    return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.mark.slow
@pytest.mark.parametrize(("processes", "devices"), [(1, 8), (2, 4)])
def test_many_devices_make_the_same_images(processes, devices):
    port = free_port()
    running = [started(processes, index, port, devices) for index in range(processes)]
    for one in running:
        said, complained = one.communicate(timeout=300)
        assert one.returncode == 0, complained
        assert said.splitlines()[-1] == f"the same on {processes * devices} devices of {processes} processes"


def test_what_cannot_be_shared_evenly_is_named():
    wide = type("Wide", (), {"devices": np.zeros(3), "axis_names": ("devices",), "is_multi_process": False})()
    with pytest.raises(BadInput, match=re.escape("the images' height is 32, which 3 devices cannot share evenly")):
        spread_cube(np.zeros((17, 17, 32, 32), np.float32), wide)
    with pytest.raises(BadInput, match=re.escape("the number of frames is 16, which 3 devices cannot share evenly")):
        spread_series(np.zeros(16, np.float32), wide)
