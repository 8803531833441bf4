"""Functions of libraries that are `equinox.filter_jit`-ed themselves: of what they are handed, arrays are traced, and all
else (a Python float above all) is compiled in.

Measured with diffrax 0.7.2, optimistix 0.1.0 and lineax 0.1.1: a new `t1`, or a new float in `args`, compiled again; a
NumPy or JAX scalar did not.
"""

_OPTIMISTIX = ((2, "y0"), (3, "args"), (1, "solver"))

# name -> the arguments that are numbers or hold numbers: position and keyword.
FILTER_JITTED: dict[str, tuple[tuple[int, str], ...]] = {
    "diffrax.diffeqsolve": (
        (2, "t0"),
        (3, "t1"),
        (4, "dt0"),
        (5, "y0"),
        (6, "args"),
        (7, "saveat"),
        (8, "stepsize_controller"),
        (1, "solver"),
    ),
    "optimistix.minimise": _OPTIMISTIX,
    "optimistix.least_squares": _OPTIMISTIX,
    "optimistix.root_find": _OPTIMISTIX,
    "optimistix.fixed_point": _OPTIMISTIX,
    "lineax.linear_solve": ((0, "operator"), (1, "vector")),
}
