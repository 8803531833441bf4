"""`apply`: what an audit kept goes into the working tree, whole or not at all."""

from collections.abc import Mapping

from jaxaudit.fix import FileChange, write_changes
from jaxaudit.model.mistake import Mistake


def put(originals: Mapping[str, bytes], texts: Mapping[str, bytes]) -> tuple[str, ...]:
    """Effect: replaces the files. Raises `Mistake` where one is no longer what was audited; then none is changed."""
    changes = [FileChange(path, originals[path], text) for path, text in sorted(texts.items())]
    for one in changes:
        try:
            with open(one.path, "rb") as file:
                same = file.read() == one.before
        except OSError as error:
            raise Mistake(f"{one.path} can't be read: {error.strerror or error}; nothing was changed") from None
        if not same:
            raise Mistake(f"{one.path} has changed since the audit; nothing was changed: audit again")
    written, left = write_changes(changes)
    if left:
        raise Mistake(f"{left[0].path} was not written: {left[0].reason}")
    return tuple(written)
