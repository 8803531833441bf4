"""Random keys."""

from jaxaudit.steps.messages.message import Message

MESSAGES = (
    Message(
        says=("Previously-consumed key", "KeyReuseError", "In ..., argument ... is already consumed"),
        cause="The same random key was used twice, so both draws hold the same numbers.",
        next="Split the key and use each part once.",
        rules=("key-reuse",),
        provoked_by="""\
import jax
with jax.debug_key_reuse(True):
    key = jax.random.key(0)
    jax.random.normal(key)
    jax.random.normal(key)
""",
    ),
    Message(
        says=("accepts a single key, but was given a key array of shape",),
        cause="A whole array of keys (the result of split) was given where one key is taken.",
        next="Take one of them, or vmap over the keys.",
        rules=("key-reuse",),
        provoked_by="""\
import jax
jax.random.normal(jax.random.split(jax.random.key(0), 3))
""",
    ),
    Message(
        says=("JAX encountered invalid PRNG key data", "unexpected PRNG key type"),
        cause="Something that is no key was given as one: a seed, a float array, half of a key.",
        next="Make a key with jax.random.key(seed), and hand on what split returns, unchanged.",
        provoked_by="""\
import jax
jax.random.normal(0)
""",
    ),
    Message(
        says=("does not accept dtypes key<",),
        cause="Arithmetic on a typed key; it is no number.",
        next="Make new keys with jax.random.split(key) or jax.random.fold_in(key, number).",
        provoked_by="""\
import jax
jax.random.key(0) + 1
""",
    ),
    Message(
        says=("JAX array with PRNGKey dtype cannot be converted to a NumPy array",),
        cause="A typed key has no numbers that NumPy could take.",
        next="jax.random.key_data(key) gives its numbers, for example to save it.",
        provoked_by="""\
import jax, numpy as np
np.asarray(jax.random.key(0))
""",
    ),
)
