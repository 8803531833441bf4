"""Functions that take a function and trace, batch, differentiate or compile it.

The semantics in these tables (what becomes a tracer, what compiles again) were measured on JAX 0.10.2 and 0.12.0.1;
`tests/source/knowledge/` checks that the names and parameters exist where the libraries are installed.
"""

from typing import NamedTuple


class Slot(NamedTuple):
    """Where a function is passed: by position (-1: by keyword only) or by keyword ("": by position only).

    `many`: "" one function, "sequence" a list or tuple of them, "rest" every positional argument from here on,
    "rest_keywords" every further keyword. `host`: it runs on the host, not under the trace.
    """

    position: int
    keyword: str
    many: str = ""
    host: bool = False


class Feed(NamedTuple):
    """What one parameter of the traced function receives.

    `how`: "index" a loop counter, "carry" the argument named here at first and then the function's own result,
    "element" one slice of it, "operand" the argument itself, "operands" one parameter for each positional argument from
    here on, "each" one parameter for each item of the tuple named here.
    """

    how: str
    position: int = -1
    keyword: str = ""


class Transform(NamedTuple):
    """One transformation.

    kind: "jit", "pmap", "vmap", "grad", "loop", "branch", "checkpoint", "custom", "callback", "shape", "linearize",
        "export", "shard_map", "check", "solver", "model", "name".
    wraps: True when the call returns a transformed callable (jit, vmap), False when it runs at once (scan, cond, vjp).
    functions: where the functions stand.
    traces: which parameters become tracers. "all" all that are not static; "mapped" those whose `axes` entry is not
        None; "differentiated" those that `axes` names (argnums); "arrays" array leaves, the rest stays as it is
        (filter_*); "first" array leaves of the first parameter; "given" none beyond the tracers that come in;
        "none" the function runs on the host with concrete values.
    feeds: for wraps=False, what the function's parameters receive; () when it is not simple.
    axes: keyword, position and default of in_axes or argnums.
    static_nums, static_names, donate_nums, donate_names: the keywords that list such parameters, "" if there is none
        (Equinox's `donate` holds a word instead: "all", "all-except-first", "warn", "none", ...).
    identity: which row of IDENTITIES tells when it compiles again; "" when it compiles nothing of its own.
    factory: may be called without a function and then returns a decorator.
    takes_class: also accepts a module class (flax.linen), whose `__call__` is then transformed.
    passes: parameters that the transformation puts in front of the user's own (flax.linen lifts pass the module).
    """

    kind: str
    wraps: bool
    functions: tuple[Slot, ...]
    traces: str = "all"
    feeds: tuple[Feed, ...] = ()
    axes: tuple[str, int, object] = ("", -1, None)
    static_nums: str = ""
    static_names: str = ""
    donate_nums: str = ""
    donate_names: str = ""
    identity: str = ""
    factory: bool = False
    takes_class: bool = False
    passes: int = 0


FUN = (Slot(0, "fun"),)
F = (Slot(0, "f"),)
FIRST = (Slot(0, ""),)
IN_AXES = ("in_axes", 1, 0)
ARGNUMS = ("argnums", 1, 0)
LOOP = (Slot(0, "cond_fun"), Slot(1, "body_fun"))
SCAN_FEEDS = (Feed("carry", 1, "init"), Feed("element", 2, "xs"))
WHILE_FEEDS = (Feed("carry", 2, "init_val"),)
FORI_FEEDS = (Feed("index"), Feed("carry", 3, "init_val"))

_GRAD = Transform("grad", True, FUN, "differentiated", axes=ARGNUMS)
_JIT = Transform(
    "jit", True, FIRST, "all", (), ("", -1, None),
    "static_argnums", "static_argnames", "donate_argnums", "donate_argnames", "jit", True,
)  # fmt: skip

# name -> Transform: every transformation of JAX itself.
JAX: dict[str, Transform] = {
    "jax.jit": _JIT,
    "jax.pmap": Transform(
        "pmap", True, FUN, "all", axes=("in_axes", -1, 0), static_nums="static_broadcasted_argnums",
        donate_nums="donate_argnums", identity="pmap",
    ),
    "jax.vmap": Transform("vmap", True, FUN, "mapped", axes=IN_AXES),
    "jax.smap": Transform("shard_map", True, F, "all", axes=("in_axes", -1, 0), identity="shard_map", factory=True),
    "jax.shard_map": Transform("shard_map", True, F, "all", identity="shard_map", factory=True),
    "jax.grad": _GRAD,
    "jax.value_and_grad": _GRAD,
    "jax.jacfwd": _GRAD,
    "jax.jacrev": _GRAD,
    "jax.hessian": _GRAD,
    "jax.fwd_and_bwd": Transform("grad", True, FUN, "all", axes=ARGNUMS),
    "jax.vjp": Transform("linearize", False, FUN, "all", (Feed("operands", 1),)),
    "jax.jvp": Transform("linearize", False, FUN, "all", (Feed("each", 1, "primals"),)),
    "jax.linearize": Transform("linearize", False, FUN, "all", (Feed("operands", 1),)),
    "jax.linear_transpose": Transform("linearize", False, FUN, "all", (Feed("operands", 1),)),
    "jax.experimental.jet.jet": Transform("linearize", False, FUN, "all", (Feed("each", 1, "primals"),)),
    "jax.checkpoint": Transform(
        "checkpoint", True, FUN, "all", static_nums="static_argnums", static_names="static_argnames",
    ),
    "jax.custom_vjp": Transform(
        "custom", True, FUN, "given", static_nums="nondiff_argnums", static_names="nondiff_argnames"
    ),
    "jax.custom_jvp": Transform(
        "custom", True, FUN, "given", static_nums="nondiff_argnums", static_names="nondiff_argnames"
    ),
    "jax.custom_gradient": Transform("custom", True, FUN, "given"),
    "jax.custom_batching.custom_vmap": Transform("custom", True, FUN, "all"),
    "jax.custom_batching.sequential_vmap": Transform("custom", True, F, "all"),
    "jax.custom_derivatives.linear_call": Transform(
        "custom", False, (Slot(0, "fun"), Slot(1, "fun_transpose")), "all",
        (Feed("operand", 2, "residual_args"), Feed("operand", 3, "linear_args")),
    ),
    "jax.closure_convert": Transform("shape", False, FUN, "all", (Feed("operands", 1),)),
    "jax.eval_shape": Transform("shape", False, FUN, "all", (Feed("operands", 1),)),
    "jax.make_jaxpr": Transform("shape", True, FUN, "all", static_nums="static_argnums"),
    "jax.named_call": Transform("name", True, FUN, "given"),
    "jax.export.export": Transform("export", True, (Slot(0, "fun_jit"),), "all"),
    "jax.experimental.checkify.checkify": Transform("check", True, F, "given"),
    "jax.experimental.sparse.sparsify": Transform("custom", True, F, "all"),
    "jax.experimental.sparse.grad": _GRAD,
    "jax.experimental.sparse.value_and_grad": _GRAD,
    "jax.experimental.sparse.jacfwd": _GRAD,
    "jax.experimental.sparse.jacrev": _GRAD,
    "jax.experimental.pallas.pallas_call": Transform("custom", True, (Slot(0, "kernel"),), "all", identity="body"),
    "jax.experimental.pallas.run_scoped": Transform("branch", False, F, "all"),
    "jax.experimental.custom_partitioning.custom_partitioning": Transform(
        "custom", True, FUN, "all", static_nums="static_argnums"
    ),
    "jax.experimental.compute_on.compute_on": Transform("name", True, (), "given", factory=True),
    # control flow
    "jax.lax.scan": Transform("loop", False, F, "all", SCAN_FEEDS, identity="body"),
    "jax.lax.while_loop": Transform("loop", False, LOOP, "all", WHILE_FEEDS, identity="body"),
    "jax.lax.fori_loop": Transform("loop", False, (Slot(2, "body_fun"),), "all", FORI_FEEDS, identity="body"),
    "jax.lax.map": Transform("loop", False, F, "all", (Feed("element", 1, "xs"),), identity="always"),
    "jax.lax.associative_scan": Transform(
        "loop", False, (Slot(0, "fn"),), "given", (Feed("element", 1, "elems"), Feed("element", 1, "elems"))
    ),
    "jax.lax.reduce": Transform("loop", False, (Slot(2, "computation"),), "all"),
    "jax.lax.reduce_window": Transform("loop", False, (Slot(2, "computation"),), "all"),
    "jax.lax.cond": Transform(
        "branch", False, (Slot(1, "true_fun"), Slot(2, "false_fun")), "all", (Feed("operands", 3, "operand"),),
        identity="body",
    ),
    "jax.lax.switch": Transform(
        "branch", False, (Slot(1, "branches", "sequence"),), "all", (Feed("operands", 2, "operand"),),
        identity="body",
    ),
    "jax.lax.platform_dependent": Transform(
        "branch", False, (Slot(-1, "default"), Slot(-1, "", "rest_keywords")), "given", (Feed("operands", 0),)
    ),
    "jax.lax.custom_linear_solve": Transform(
        "solver", False, (Slot(0, "matvec"), Slot(2, "solve"), Slot(3, "transpose_solve")), "all"
    ),
    "jax.lax.custom_root": Transform(
        "solver", False, (Slot(0, "f"), Slot(2, "solve"), Slot(3, "tangent_solve")), "all"
    ),
    # numpy-like
    "jax.numpy.vectorize": Transform(
        "vmap", True, (Slot(0, "pyfunc"),), "all", axes=("", -1, 0), static_nums="excluded", static_names="excluded"
    ),
    "jax.numpy.frompyfunc": Transform("vmap", True, (Slot(0, "func"),), "all"),
    "jax.numpy.apply_along_axis": Transform("vmap", False, (Slot(0, "func1d"),), "given", (Feed("element", 2, "arr"),)),
    "jax.numpy.apply_over_axes": Transform("loop", False, (Slot(0, "func"),), "given", (Feed("operand", 1, "a"),)),
    "jax.numpy.fromfunction": Transform("vmap", False, (Slot(0, "function"),), "all"),
    "jax.numpy.piecewise": Transform(
        "branch", False, (Slot(2, "funclist", "sequence"),), "all", (Feed("operand", 0, "x"),)
    ),
    # solvers
    "jax.experimental.ode.odeint": Transform(
        "solver", False, (Slot(0, "func"),), "all",
        (Feed("carry", 1, "y0"), Feed("element", 2, "t"), Feed("operands", 3)), identity="solver",
    ),
    "jax.scipy.optimize.minimize": Transform(
        "solver", False, FUN, "differentiated", (Feed("carry", 1, "x0"), Feed("each", 2, "args")), identity="always"
    ),
    **{
        f"jax.scipy.sparse.linalg.{name}": Transform(
            "solver", False, (Slot(0, "A"), Slot(-1, "M")), "all", (Feed("carry", 1, "b"),), identity="always"
        )
        for name in ("cg", "gmres", "bicgstab")
    },
    # the host, from inside a trace
    "jax.pure_callback": Transform(
        "callback", False, (Slot(0, "callback", host=True),), "none", (Feed("operands", 2),), identity="callback",
    ),
    "jax.experimental.io_callback": Transform(
        "callback", False, (Slot(0, "callback", host=True),), "none", (Feed("operands", 2),), identity="callback",
    ),
    "jax.debug.callback": Transform(
        "callback", False, (Slot(0, "callback", host=True),), "none", (Feed("operands", 1),)
    ),
    "jax.make_array_from_callback": Transform("callback", False, (Slot(2, "data_callback", host=True),), "none"),
}  # fmt: skip


class Identity(NamedTuple):
    """What calling the wrapper, built anew each time around the same function, compiles per call (warm, same shapes).

    The columns are what was handed in: a module-level function, the bound method of one object, a lambda or nested def
    built anew, `functools.partial(f)` built anew, another transformation's result (`vmap(f)`) built anew, a value-equal
    frozen dataclass with `__call__` built anew, the same callable object. None: not measured.
    """

    function: int
    method: int
    fresh: int
    partial: int
    transformed: int | None = None
    equal_object: int | None = None
    same_object: int | None = 0
    note: str = ""


# how the cache of each kind of wrapper tells functions apart (Transform.identity names the row). Transformations with
# identity "" (vmap, grad, vjp, checkpoint, custom rules, ...) compile no program of their own when called eagerly.
IDENTITIES: dict[str, Identity] = {
    "jit": Identity(0, 1, 1, 1, 1, 1, 0, "the function object itself; only the dispatch (about 0.1 ms) is paid again"),
    "pmap": Identity(0, 0, 1, 1, 1, 0, 0, "equality of the callable: a bound method equals itself"),
    "filter_jit": Identity(0, 0, 1, 1, 1, 0, 0, "equality of the callable as a pytree: its arrays are arguments"),
    "nnx_jit": Identity(1, 1, 1, 1, 1, 1, 1, "each nnx.jit(...) has a cache of its own"),
    "nnx_body": Identity(1, 1, 1, 1, 1, 1, 1, "the lifted body is a new function each time"),
    "body": Identity(0, 1, 1, 1, 1, 1, 0, "eager control flow: the body function object"),
    "always": Identity(1, 1, 1, 1, 1, 1, 1, "it wraps the function in a new one: every eager call compiles"),
    "shard_map": Identity(6, 6, 6, 6, None, None, 6, "eager shard_map compiles its pieces on every call: jit it"),
    "solver": Identity(0, 0, 1, 1, 1, None, 0, "the solver's own cache: equality of the function"),
    "operator": Identity(0, 1, 1, 1, None, None, 0, "the operator's function object"),
    "callback": Identity(0, 0, 1, 1, None, None, 0, "an eager callback: equality of the host function"),
}
