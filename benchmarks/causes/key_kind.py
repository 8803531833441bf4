# says: key|key<fry>[]|u32[2]
# jax: key|key<fry>|32[2]
import jax


@jax.jit
def draw(key):
    return jax.random.normal(key, (3,))


draw(jax.random.key(0))
draw(jax.random.PRNGKey(0))
