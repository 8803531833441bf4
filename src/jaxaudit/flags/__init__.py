"""XLA's flags: which the installed jaxlib knows, read from its library as bytes, and when settings are in time."""

from jaxaudit.flags.catalogue import FlagCatalogue, load_catalogue

__all__ = ["FlagCatalogue", "load_catalogue"]
