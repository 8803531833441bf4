"""One function per step of the way; the only room that ties the others together."""
