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


CALLED_LATE = """
    import jax
    import jax.numpy as jnp

    def setup(count):
        jax.config.update("jax_num_cpu_devices", count)

    def main():
        data = jnp.arange(8.0)
        setup(2)
        print(data)

    main()
    """


def test_a_function_that_is_called_after_the_first_array():
    (one,) = found(CALLED_LATE)
    assert one.place.line == 6 and one.confidence < 0.8
    assert "`jnp.arange(8.0)` starts the backend in line 9" in one.message
    assert not found(
        CALLED_LATE.replace("        data = jnp.arange(8.0)\n        setup(2)", "        setup(2)\n        data = 1")
    )


def test_an_array_of_the_module_comes_before_what_main_sets():
    source = """
        import os
        import jax.numpy as jnp

        GRID = jnp.linspace(0.0, 1.0, 11)

        def main():
            os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=4"
            print(GRID)

        if __name__ == "__main__":
            main()
        """
    (one,) = found(source)
    assert "in line 5" in one.message


MAIN = """
    import os
    import jax
    from tables import GRID

    def main():
        os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=4"
        print(jax.device_count(), GRID)

    if __name__ == "__main__":
        main()
    """
TABLES = """
    import jax.numpy as jnp
    GRID = jnp.linspace(0.0, 1.0, 11)
    """


def of_files(**files):
    program = program_of({f"{name}.py": text for name, text in files.items()}, head=False)
    return [one for one in RULE.match(program) if one.place.path.endswith("main.py")]


def test_an_imported_module_that_makes_an_array():
    (one,) = of_files(main=MAIN, tables=TABLES)
    assert one.place.line == 7 and one.confidence >= 0.8
    assert "importing `tables` runs `jnp.linspace(0.0, 1.0, 11)`, which starts the backend, in line 4" in one.message


def test_an_array_two_imports_away():
    (one,) = of_files(main=MAIN, tables="from deeper import GRID", deeper=TABLES)
    assert "importing `tables` runs `jnp.linspace(0.0, 1.0, 11)`" in one.message


def test_imports_that_start_nothing_or_come_later():
    assert not of_files(main=MAIN, tables=TABLES.replace("jnp", "np").replace("jax.numpy", "numpy"))
    inside = "import jax.numpy as jnp\ndef make():\n    return jnp.ones(3)\nGRID = make\n"
    assert not of_files(main=MAIN, tables=inside)
    first = MAIN.replace("    from tables import GRID\n", "").replace(
        "        print", "        from tables import GRID\n        print"
    )
    assert not of_files(main=first, tables=TABLES)
    early = (
        "import os\nos.environ['XLA_FLAGS'] = '--xla_force_host_platform_device_count=4'\nimport jax\nimport tables\n"
    )
    assert not of_files(main=early, tables=TABLES)
