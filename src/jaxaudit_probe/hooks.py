"""Puts the hooks in, right after JAX was imported, and takes them out again."""

from __future__ import annotations
