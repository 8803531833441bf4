"""The nouns: plain frozen values that every room hands to the next."""

from jaxaudit.model.finding import Finding, Fix, Note, Severity
from jaxaudit.model.place import Place
from jaxaudit.model.unread import Unread

__all__ = ["Finding", "Fix", "Note", "Place", "Severity", "Unread"]
