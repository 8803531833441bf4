"""The part of jaxaudit that lives inside the user's process: the standard library and JAX only, Python 3.10 to 3.14."""
