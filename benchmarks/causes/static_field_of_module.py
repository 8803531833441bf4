# says: solver.rtol|0.001|0.0001

import equinox as eqx
import jax.numpy as jnp


class Solver(eqx.Module):
    rtol: float = eqx.field(static=True)


@eqx.filter_jit
def solve(solver, y):
    return jnp.where(jnp.abs(y) < solver.rtol, 0.0, y)


solve(Solver(1e-3), jnp.ones(3))
solve(Solver(1e-4), jnp.ones(3))
