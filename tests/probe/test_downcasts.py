"""JAX's warning stays as it is while it is counted."""

import warnings

import jax.numpy as jnp
import pytest

from probe.listening import listening


def warned():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        jnp.zeros(3, jnp.float64)
    return [(str(one.message), one.category, one.filename, one.lineno) for one in seen]


def test_the_warning_names_the_same_line():
    plain = warned()
    with listening() as listener:
        watched = warned()
    assert watched == plain != []
    (told,) = listener.told("downcast")
    assert (told["asked"], told["given"], told["count"]) == ("float64", "float32", 1)


def test_a_filter_that_raises_still_does():
    with listening() as listener, warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="will be truncated"):
            jnp.zeros(3, jnp.float64)
    assert len(listener.told("downcast")) == 1
