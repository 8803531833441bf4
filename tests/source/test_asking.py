"""What a value is does not depend on what was asked before: a loop's value that leans on itself."""

from jaxaudit.source.kinds import kind_of
from programs import function, program_of

LOOP = """
    @jax.jit
    def statistics(data, mask):
        mean = jnp.sum(data * mask) / jnp.sum(mask)
        return mean, jnp.sqrt(jnp.sum(mask * (data - mean) ** 2))

    def clean(data):
        mask = jnp.ones(data.shape, dtype=bool)
        for _ in range(4):
            mean, std = statistics(data, mask)
            mask = jnp.where(jnp.abs(data - mean) < 3 * std, 1.0, 0.0)
        return mean, std

    clean(jnp.zeros(500))
    """


def test_whatever_is_asked_first():
    answers = set()
    for first in ("mask", "mean", "std", "data"):
        program = program_of(LOOP)
        inner = function(program, "statistics")
        kind_of(
            program,
            inner.flow.bindings["mean"][0] if first == "data" else function(program, "clean").flow.bindings[first][-1],
        )
        for use in inner.flow.uses:
            kind_of(program, use.value)
        answers.add(kind_of(program, function(program, "clean").flow.bindings["mask"][-1]))
    assert len(answers) == 1, answers
    assert answers.pop().dtype == "float32"
