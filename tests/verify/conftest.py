"""A working directory, and the ground on which programs are run in copies of it."""

import pytest

from verify.grounds import ground_in


@pytest.fixture
def ground(tmp_path):
    return ground_in(tmp_path)


@pytest.fixture
def home(ground):
    return ground.root
