"""Flags and settings."""
