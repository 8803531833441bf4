"""The record of a run, read into one noun. Needs no JAX and runs none of the user's code."""

from jaxaudit.evidence.record import read_record

__all__ = ["read_record"]
