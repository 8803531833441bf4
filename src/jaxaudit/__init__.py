"""jaxaudit: why a JAX program compiles slowly, recompiles, captures arrays or repeats random numbers.

Importing this package does nothing and costs nothing; the command line is `jaxaudit.cli.main`.
"""

__version__ = "0.1.0"
