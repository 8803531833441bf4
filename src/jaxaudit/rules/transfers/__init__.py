"""Waiting and copying."""
