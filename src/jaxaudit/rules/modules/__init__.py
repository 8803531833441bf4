"""Modules: how classes of arrays and settings are designed."""
