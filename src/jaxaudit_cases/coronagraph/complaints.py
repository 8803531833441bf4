"""What is said about input that can't be right."""


class BadInput(ValueError):
    """One sentence that names the field, its value and what is wanted."""
