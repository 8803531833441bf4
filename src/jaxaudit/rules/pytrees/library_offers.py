"""What libraries offer so that their own functions compile once: data, for the words of advice only."""

OFFERS: dict[str, str] = {
    "numpyro": "`MCMC(..., jit_model_args=True)` makes the data arguments of one program; keep one `MCMC` object. Put one jit "
    "around a call of `Predictive`.",
    "diffrax": "Hand `t0`, `t1`, `dt0` and tolerances in as arrays (`jnp.asarray(t0)`), keep one solver, one term and one "
    "controller, or put `eqx.filter_jit` around your own function.",
    "optimistix": "Keep one solver object and one function of module level, or put `eqx.filter_jit` around your function.",
    "lineax": "Keep one solver object, or put `eqx.filter_jit` around your function.",
    "blackjax": "Build the kernel once and jit its `step` once, outside the loop.",
    "optax": "Make the optimiser once and keep it.",
    "jaxopt": "Make the solver object once and call its `run` again.",
    "flax": "Keep one module object and one jitted function for all calls.",
    "equinox": "Hand numbers in as arrays: a filter makes every Python number static.",
}
DEFAULT = (
    "Keep one object and one function for all calls, hand data in as arguments, or put one jit around your own call."
)


def offer(package: str) -> str:
    return OFFERS.get(package, DEFAULT)
