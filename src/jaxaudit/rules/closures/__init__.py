"""Closures: functions that are handed to solvers and operators."""
