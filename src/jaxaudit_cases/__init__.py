"""Workloads as scientists run them: jaxaudit's proving ground, and programs of their own worth."""
