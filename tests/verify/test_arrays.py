import io

import numpy as np
import pytest

from jaxaudit.verify.arrays import relative_difference


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["f4", "f8", "c8", "c16", ">f4"])
def test_floats_by_their_peak(kind):
    before = np.linspace(0, 8, 20).astype(kind)
    after = before.copy()
    after[3] += 0.08
    assert relative_difference(npy(before), npy(after)) == pytest.approx(0.01, rel=1e-3)
    assert relative_difference(npy(before), npy(before)) == 0.0


def test_archives():
    a, b = np.ones(4), np.arange(3.0)
    assert relative_difference(npz(a=a, b=b), npz(a=a, b=b + 0.02)) == pytest.approx(0.01, rel=0.02)
    assert relative_difference(npz(a=a), npz(b=a)) is None


def test_other_arrays_are_no_rounding():
    assert relative_difference(npy(np.arange(4)), npy(np.arange(4) + 1)) is None
    assert relative_difference(npy(np.ones(4)), npy(np.ones(5))) is None
    assert relative_difference(npy(np.ones(4)), npy(np.full(4, np.nan))) is None
    assert relative_difference(b"text", b"text2") is None
