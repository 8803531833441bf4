"""The record of a run, read into one noun. Needs no JAX and runs none of the user's code."""

from jaxaudit.evidence.record import newest_record, read_record

__all__ = ["newest_record", "read_record"]
