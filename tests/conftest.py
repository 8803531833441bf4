"""What every test may ask for."""

from fake_engine import project

__all__ = ["project"]
