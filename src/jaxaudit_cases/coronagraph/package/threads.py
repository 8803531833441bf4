"""One thread for products of small matrices: more only wait for each other, at ten times the cost on a busy machine."""

from contextlib import AbstractContextManager, nullcontext


def one_thread() -> AbstractContextManager[object]:
    """While it is entered, NumPy's products run on one thread, if `threadpoolctl` is there to tell them."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return nullcontext()
    return threadpool_limits(1, "blas")
