"""What jaxaudit knows of libraries, as plain tables keyed by canonical dotted names. Nothing here imports JAX."""
