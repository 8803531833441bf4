"""Transformations of Equinox, Flax, Haiku, Diffrax, Optimistix, Lineax, NumPyro, BlackJAX, jaxopt and others."""

from jaxaudit.source.knowledge.transforms import (
    ARGNUMS,
    FORI_FEEDS,
    FUN,
    IN_AXES,
    JAX,
    LOOP,
    SCAN_FEEDS,
    WHILE_FEEDS,
    F,
    Feed,
    Slot,
    Transform,
)

FN = (Slot(0, "fn"),)
TARGET = (Slot(0, "target"),)

_EQX_GRAD = Transform("grad", True, FUN, "first", factory=True)
_EQX_JAC = Transform("grad", True, FUN, "first")

EQUINOX: dict[str, Transform] = {
    "equinox.filter_jit": Transform(
        "jit", True, FUN, "arrays", donate_nums="donate", identity="filter_jit", factory=True
    ),
    "equinox.filter_pmap": Transform(
        "pmap", True, FUN, "arrays", axes=("in_axes", -1, 0), donate_nums="donate", identity="filter_jit", factory=True
    ),
    "equinox.filter_vmap": Transform("vmap", True, FUN, "arrays", axes=("in_axes", -1, 0), factory=True),
    "equinox.filter_grad": _EQX_GRAD,
    "equinox.filter_value_and_grad": _EQX_GRAD,
    "equinox.filter_hessian": _EQX_JAC,
    "equinox.filter_jacfwd": _EQX_JAC,
    "equinox.filter_jacrev": _EQX_JAC,
    "equinox.filter_jvp": Transform("linearize", False, FN, "arrays", (Feed("each", 1, "primals"),)),
    "equinox.filter_vjp": Transform("linearize", False, FUN, "arrays", (Feed("operands", 1),)),
    "equinox.filter_checkpoint": Transform("checkpoint", True, FUN, "arrays", factory=True),
    "equinox.filter_custom_jvp": Transform("custom", True, FN, "given"),
    "equinox.filter_custom_vjp": Transform("custom", True, FN, "given"),
    "equinox.filter_closure_convert": Transform("shape", False, FN, "arrays", (Feed("operands", 1),)),
    "equinox.filter_eval_shape": Transform("shape", False, FUN, "arrays", (Feed("operands", 1),)),
    "equinox.filter_make_jaxpr": Transform("shape", True, FUN, "arrays"),
    "equinox.filter_pure_callback": Transform(
        "callback", False, (Slot(0, "callback", host=True),), "none", (Feed("operands", 1),)
    ),
    "equinox.debug.assert_max_traces": Transform("name", True, FN, "given", factory=True),
    "equinox.internal.noinline": Transform("custom", True, FN, "given"),
    "equinox.internal.scan": Transform("loop", False, F, "all", SCAN_FEEDS, identity="body"),
    "equinox.internal.while_loop": Transform("loop", False, LOOP, "all", WHILE_FEEDS, identity="always"),
    "equinox.nn.make_with_state": Transform("name", True, (Slot(0, "make_model"),), "given"),
}  # fmt: skip

_NNX_GRAD = Transform("grad", True, F, "differentiated", axes=("argnums", -1, 0), factory=True)

NNX: dict[str, Transform] = {
    "flax.nnx.jit": JAX["jax.jit"]._replace(functions=FUN, identity="nnx_jit"),
    "flax.nnx.jit_partial": JAX["jax.jit"]._replace(functions=FUN, identity="nnx_jit", factory=False),
    "flax.nnx.pmap": Transform(
        "pmap", True, F, "all", axes=("in_axes", -1, 0), static_nums="static_broadcasted_argnums",
        donate_nums="donate_argnums", identity="nnx_body", factory=True,
    ),
    "flax.nnx.vmap": Transform("vmap", True, F, "mapped", axes=("in_axes", -1, 0), factory=True),
    "flax.nnx.shard_map": Transform("shard_map", True, F, "all", identity="nnx_body", factory=True),
    "flax.nnx.grad": _NNX_GRAD,
    "flax.nnx.value_and_grad": _NNX_GRAD,
    "flax.nnx.vjp": Transform("linearize", False, F, "all", (Feed("operands", 1),), factory=True),
    "flax.nnx.jvp": Transform("linearize", False, F, "all", (Feed("each", 1, "primals"),), factory=True),
    "flax.nnx.custom_vjp": Transform(
        "custom", True, FUN, "given", static_nums="nondiff_argnums", factory=True
    ),
    "flax.nnx.remat": Transform("checkpoint", True, F, "all", static_nums="static_argnums", factory=True),
    "flax.nnx.scan": Transform(
        "loop", True, F, "all", axes=("in_axes", -1, 0), identity="nnx_body", factory=True
    ),
    "flax.nnx.while_loop": Transform("loop", False, LOOP, "all", WHILE_FEEDS, identity="nnx_body"),
    "flax.nnx.fori_loop": Transform("loop", False, (Slot(2, "body_fun"),), "all", FORI_FEEDS, identity="nnx_body"),
    "flax.nnx.cond": JAX["jax.lax.cond"]._replace(feeds=(Feed("operands", 3),), identity="nnx_body"),
    "flax.nnx.switch": JAX["jax.lax.switch"]._replace(feeds=(Feed("operands", 2),), identity="nnx_body"),
    "flax.nnx.eval_shape": Transform("shape", False, F, "all", (Feed("operands", 1),)),
    "flax.nnx.checkify": Transform("check", True, F, "given"),
    "flax.nnx.cached_partial": Transform("name", True, F, "given"),
}  # fmt: skip

LINEN: dict[str, Transform] = {
    "flax.linen.jit": Transform(
        "jit", True, TARGET, "all", static_nums="static_argnums", static_names="static_argnames",
        donate_nums="donate_argnums", identity="jit", takes_class=True, passes=1,
    ),
    **{
        f"flax.linen.{name}": Transform(
            "checkpoint", True, TARGET, "all", static_nums="static_argnums", takes_class=True, passes=1
        )
        for name in ("remat", "checkpoint")
    },
    "flax.linen.vmap": Transform(
        "vmap", True, TARGET, "mapped", axes=("in_axes", -1, 0), takes_class=True, passes=1
    ),
    "flax.linen.scan": Transform(
        "loop", True, TARGET, "all", axes=("in_axes", -1, 0), takes_class=True, passes=1
    ),
    "flax.linen.remat_scan": Transform("loop", True, TARGET, "all", takes_class=True, passes=1),
    "flax.linen.map_variables": Transform(
        "name", True, (*TARGET, Slot(2, "trans_in_fn"), Slot(3, "trans_out_fn")), "given", takes_class=True, passes=1
    ),
    "flax.linen.add_metadata_axis": Transform("name", True, TARGET, "given", takes_class=True, passes=1),
    "flax.linen.grad": Transform("grad", False, FN, "all", (Feed("operand", 1, "mdl"), Feed("operands", 2))),
    "flax.linen.value_and_grad": Transform(
        "grad", False, FN, "all", (Feed("operand", 1, "mdl"), Feed("operands", 2))
    ),
    "flax.linen.vjp": Transform("linearize", False, FN, "all", (Feed("operand", 1, "mdl"), Feed("operands", 2))),
    "flax.linen.jvp": Transform(
        "linearize", False, FN, "all", (Feed("operand", 1, "mdl"), Feed("each", 2, "primals"))
    ),
    "flax.linen.custom_vjp": Transform(
        "custom", True, (Slot(0, "fn"), Slot(1, "forward_fn"), Slot(2, "backward_fn")), "given",
        static_nums="nondiff_argnums", passes=1,
    ),
    "flax.linen.while_loop": Transform(
        "loop", False, (Slot(0, "cond_fn"), Slot(1, "body_fn")), "all",
        (Feed("operand", 2, "mdl"), Feed("carry", 3, "init")), identity="body",
    ),
    "flax.linen.cond": Transform(
        "branch", False, (Slot(1, "true_fun"), Slot(2, "false_fun")), "all",
        (Feed("operand", 3, "mdl"), Feed("operands", 4)), identity="body",
    ),
    "flax.linen.switch": Transform(
        "branch", False, (Slot(1, "branches", "sequence"),), "all",
        (Feed("operand", 2, "mdl"), Feed("operands", 3)), identity="body",
    ),
    "flax.linen.apply": Transform("model", True, FN, "given", passes=1),
    "flax.linen.init": Transform("model", True, FN, "given", passes=1),
    "flax.linen.init_with_output": Transform("model", True, FN, "given", passes=1),
}  # fmt: skip

_HK_GRAD = Transform("grad", True, FUN, "differentiated", axes=ARGNUMS)

HAIKU: dict[str, Transform] = {
    **{
        f"haiku.{name}": Transform("model", True, F, "given")
        for name in (
            "transform", "transform_with_state", "multi_transform", "multi_transform_with_state",
            "without_apply_rng", "without_state", "with_empty_state", "to_module",
        )
    },
    "haiku.grad": _HK_GRAD,
    "haiku.value_and_grad": _HK_GRAD,
    "haiku.vmap": Transform("vmap", True, FUN, "mapped", axes=IN_AXES),
    "haiku.remat": Transform("checkpoint", True, FUN, "all", static_nums="static_argnums"),
    "haiku.scan": Transform("loop", False, F, "all", SCAN_FEEDS, identity="body"),
    "haiku.while_loop": Transform("loop", False, LOOP, "all", WHILE_FEEDS, identity="body"),
    "haiku.fori_loop": Transform("loop", False, (Slot(2, "body_fun"),), "all", FORI_FEEDS, identity="body"),
    "haiku.map": Transform("loop", False, F, "all", (Feed("element", 1, "xs"),), identity="always"),
    "haiku.cond": JAX["jax.lax.cond"],
    "haiku.switch": JAX["jax.lax.switch"]._replace(feeds=(Feed("operands", 2),)),
    "haiku.eval_shape": Transform("shape", False, FUN, "all", (Feed("operands", 1),)),
    "haiku.layer_stack": Transform("loop", True, (), "all", factory=True),
    "haiku.lift": Transform("model", True, (Slot(0, "init_fn"),), "given"),
    "haiku.transparent_lift": Transform("model", True, (Slot(0, "init_fn"),), "given"),
}  # fmt: skip


def _solver(function: str, start: int, feeds: tuple[Feed, ...]) -> Transform:
    return Transform("solver", False, (Slot(start, function),), "arrays", feeds, identity="solver")


_Y0_ARGS = (Feed("carry", 2, "y0"), Feed("operand", 3, "args"))

KIDGER: dict[str, Transform] = {
    # A term holds a function of (t, y, args); diffeqsolve traces it. A term or operator made once may be reused.
    "diffrax.ODETerm": Transform("model", True, (Slot(0, "vector_field"),), "arrays"),
    "diffrax.ControlTerm": Transform("model", True, (Slot(0, "vector_field"),), "arrays"),
    "diffrax.WeaklyDiagonalControlTerm": Transform("model", True, (Slot(0, "vector_field"),), "arrays"),
    "diffrax.UnderdampedLangevinDriftTerm": Transform("model", True, (Slot(2, "grad_f"),), "arrays"),
    "diffrax.SaveAt": Transform("model", True, (Slot(-1, "fn"),), "arrays"),
    "diffrax.SubSaveAt": Transform("model", True, (Slot(-1, "fn"),), "arrays"),
    "diffrax.Event": Transform("model", True, (Slot(0, "cond_fn"),), "arrays"),
    "diffrax.DiscreteTerminatingEvent": Transform("model", True, (Slot(0, "cond_fn"),), "arrays"),
    "optimistix.root_find": _solver("fn", 0, _Y0_ARGS),
    "optimistix.least_squares": _solver("fn", 0, _Y0_ARGS),
    "optimistix.minimise": _solver("fn", 0, _Y0_ARGS),
    "optimistix.fixed_point": _solver("fn", 0, _Y0_ARGS),
    "optimistix.compat.minimize": _solver("fun", 0, (Feed("carry", 1, "x0"), Feed("each", 2, "args"))),
    "lineax.FunctionLinearOperator": Transform("model", True, FN, "arrays", identity="operator"),
    "lineax.JacobianLinearOperator": Transform("model", True, FN, "arrays", identity="operator"),
}  # fmt: skip

_KERNEL = Transform("model", True, (Slot(0, "model"), Slot(1, "potential_fn")), "all", identity="always")
_NUMPYRO_MODEL_AT = {
    "numpyro.infer.util.initialize_model": 1,
    "numpyro.infer.util.log_density": 0,
    "numpyro.infer.util.log_likelihood": 0,
    "numpyro.infer.util.potential_energy": 0,
    "numpyro.infer.initialize_model": 1,
    "numpyro.infer.log_likelihood": 0,
    "numpyro.infer.Predictive": 0,
}

NUMPYRO: dict[str, Transform] = {
    **{f"numpyro.infer.{name}": _KERNEL for name in ("NUTS", "HMC", "SA", "BarkerMH", "AIES", "ESS")},
    **{
        name: Transform("model", True, (Slot(position, "model"),), "all")
        for name, position in _NUMPYRO_MODEL_AT.items()
    },
    "numpyro.infer.DiscreteGibbs": Transform("model", True, (Slot(0, "model"),), "all"),
    "numpyro.infer.CustomGibbs": Transform("model", True, (Slot(0, "gibbs_fn"),), "all"),
    "numpyro.infer.HMCGibbs": Transform("model", True, (Slot(1, "gibbs_fn"),), "all"),
    "numpyro.infer.SVI": Transform("model", True, (Slot(0, "model"), Slot(1, "guide")), "all"),
    **{
        f"numpyro.infer.autoguide.{name}": Transform("model", True, (Slot(0, "model"),), "all")
        for name in (
            "AutoNormal", "AutoDelta", "AutoMultivariateNormal", "AutoDiagonalNormal", "AutoLowRankMultivariateNormal",
            "AutoLaplaceApproximation", "AutoIAFNormal", "AutoBNAFNormal", "AutoDAIS", "AutoGuideList",
        )
    },
    "numpyro.contrib.control_flow.scan": Transform("loop", False, F, "all", SCAN_FEEDS, identity="body"),
    "numpyro.contrib.control_flow.cond": JAX["jax.lax.cond"]._replace(feeds=(Feed("operand", 3, "operand"),)),
    **{
        f"numpyro.handlers.{name}": Transform("name", True, (Slot(0, "fn"),), "given", factory=True)
        for name in (
            "seed", "trace", "substitute", "condition", "block", "do", "mask", "replay", "scale", "reparam", "lift",
            "scope", "collapse", "infer_config", "uncondition",
        )
    },
}  # fmt: skip

_DENSITY = (Slot(0, "logdensity_fn"),)

_SMC = Transform(
    "model", True,
    (Slot(0, "logprior_fn"), Slot(1, "loglikelihood_fn"), Slot(2, "mcmc_step_fn"), Slot(3, "mcmc_init_fn")), "all",
)  # fmt: skip

BLACKJAX: dict[str, Transform] = {
    **{
        f"blackjax.{name}": Transform("model", True, _DENSITY, "all", identity="always")
        for name in (
            "nuts", "hmc", "dynamic_hmc", "mala", "mclmc", "adjusted_mclmc", "adjusted_mclmc_dynamic", "ghmc", "rmh",
            "irmh", "rmhmc", "additive_step_random_walk", "normal_random_walk", "mgrad_gaussian",
            "barker_proposal", "barker", "orbital_hmc", "meanfield_vi", "fullrank_vi", "pathfinder", "multipathfinder",
            "mhmc", "dhmc", "dmhmc", "multinomial_hmc", "coordinate_slice", "slice_sampling", "chees_adaptation",
            "meads_adaptation",
        )
    },
    **{
        f"blackjax.{name}": Transform("model", True, (Slot(1, "logdensity_fn"),), "all")
        for name in ("window_adaptation", "window_adaptation_low_rank", "pathfinder_adaptation", "staged_adaptation")
    },
    "blackjax.mclmc_find_L_and_step_size": Transform("model", False, (Slot(0, "mclmc_kernel"),), "all"),
    "blackjax.tempered_smc": _SMC,
    "blackjax.adaptive_tempered_smc": _SMC,
    **{
        f"blackjax.{name}": Transform("model", True, (Slot(0, "grad_estimator"),), "all")
        for name in ("sgld", "sghmc", "sgnht")
    },
    "blackjax.elliptical_slice": Transform("model", True, (Slot(0, "loglikelihood_fn"),), "all", identity="always"),
    "blackjax.svgd": Transform("model", True, (Slot(0, "grad_logdensity_fn"),), "all"),
    "blackjax.csgld": Transform(
        "model", True, (Slot(0, "logdensity_estimator"), Slot(1, "gradient_estimator")), "all"
    ),
}  # fmt: skip

_JAXOPT_FUNCTION = {
    "fun": (
        "ArmijoSGD", "BFGS", "BacktrackingLineSearch", "BlockCoordinateDescent", "Broyden", "GradientDescent",
        "HagerZhangLineSearch", "LBFGS", "LBFGSB", "MirrorDescent", "NonlinearCG", "OptaxSolver", "PolyakSGD",
        "ProjectedGradient", "ProximalGradient", "ZoomLineSearch",
    ),
    "fixed_point_fun": ("AndersonAcceleration", "FixedPointIteration"),
    "residual_fun": ("GaussNewton", "LevenbergMarquardt"),
    "optimality_fun": ("Bisection",),
}  # fmt: skip

JAXOPT: dict[str, Transform] = {
    **{
        f"jaxopt.{name}": Transform("model", True, (Slot(0, keyword),), "all", identity="always")
        for keyword, names in _JAXOPT_FUNCTION.items()
        for name in names
    },
    **{
        f"jaxopt.{name}": Transform("model", True, (Slot(-1, keyword),), "all")
        for name, keyword in {
            "ScipyMinimize": "fun", "ScipyBoundedMinimize": "fun", "ScipyLeastSquares": "fun",
            "ScipyBoundedLeastSquares": "fun", "ScipyRootFinding": "optimality_fun",
        }.items()
    },
    "jaxopt.implicit_diff.custom_root": Transform("custom", True, (Slot(0, "optimality_fun"),), "all", factory=True),
    "jaxopt.implicit_diff.custom_fixed_point": Transform(
        "custom", True, (Slot(0, "fixed_point_fun"),), "all", factory=True
    ),
}  # fmt: skip

OTHERS: dict[str, Transform] = {
    "chex.chexify": Transform("check", True, FN, "given"),
    "chex.assert_max_traces": Transform("name", True, (Slot(0, "fn"),), "given", factory=True),
    "optax.value_and_grad_from_state": Transform("grad", True, (Slot(0, "value_fn"),), "differentiated"),
    **{
        f"brainstate.transform.{name}": transform
        for name, transform in {
            "jit": JAX["jax.jit"]._replace(functions=FUN),
            "vmap": Transform("vmap", True, (Slot(0, "fn"),), "mapped", axes=("in_axes", -1, 0), factory=True),
            "cond": JAX["jax.lax.cond"],
            "switch": JAX["jax.lax.switch"],
            "scan": JAX["jax.lax.scan"],
            "while_loop": JAX["jax.lax.while_loop"],
            "for_loop": Transform("loop", False, F, "all", (Feed("element", 1),)),
            "checkpoint": JAX["jax.checkpoint"],
            "grad": Transform("grad", True, FUN, "differentiated", axes=("argnums", 2, None), factory=True),
        }.items()
    },
}

LIBRARIES: dict[str, Transform] = {
    **EQUINOX, **NNX, **LINEN, **HAIKU, **KIDGER, **NUMPYRO, **BLACKJAX, **JAXOPT, **OTHERS
}  # fmt: skip

# name -> Transform: every transformation known.
TRANSFORMS: dict[str, Transform] = {**JAX, **LIBRARIES}
