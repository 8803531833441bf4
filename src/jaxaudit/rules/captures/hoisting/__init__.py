"""Hoisting: what a jitted function captures becomes an argument of it."""
