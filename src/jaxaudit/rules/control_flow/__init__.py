"""Loops and branches under a trace."""
