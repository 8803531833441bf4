"""Settings that come after JAX has read them."""

from jaxaudit.rules.environment.late_setting import RULE
from programs import program_of

IN_A_FUNCTION = """
    import os
    import jax
    import jax.numpy as jnp

    def setup():
        os.environ["JAX_ENABLE_X64"] = "1"

    setup()
    print(jnp.ones(3).dtype)
    """


def found(source):
    return list(RULE.match(program_of(source, head=False)))


def test_a_variable_set_in_a_function_after_the_import():
    (one,) = found(IN_A_FUNCTION)
    assert one.place.line == 7 and one.confidence >= 0.8
    assert "`import jax` reads it in line 3" in one.message


def test_a_function_that_is_called_before_the_import():
    source = """
        import os

        def setup():
            os.environ["JAX_ENABLE_X64"] = "1"

        setup()
        import jax.numpy as jnp
        print(jnp.ones(3).dtype)
        """
    assert not found(source)


def test_a_variable_for_a_child():
    assert not found(IN_A_FUNCTION.replace("import os\n", "import os, subprocess\n"))
