"""The quarter cube's file: the images of sources on the nodes of one quadrant, in one array on disk.

Node (iy, ix) is a source at (ix, iy) pixels from the star; images are float32 [y, x]. The file fills row by row. Beside
it stands a note of how many rows are whole and what they were made from, so that work that was ended goes on where it
was, and so that a cube that was looked through once need not be again.
"""

import contextlib
import json
import shutil
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jaxaudit_cases.coronagraph.complaints import BadInput

CUBE_FILE = "psf_cube.npy"


def nodes(pixels: int) -> int:
    """The nodes on one axis of a quadrant: 0 up to the field's edge."""
    return pixels // 2 + 1


def note_of(path: Path) -> dict[str, Any]:
    """What stands beside a cube; nothing, if no note can be read there."""
    try:
        note = json.loads(path.with_suffix(".json").read_text())
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def write_note(path: Path, note: dict[str, Any]) -> None:
    """Effect: writes the note beside a cube, whole or not at all."""
    write_whole(path.with_suffix(".json"), json.dumps(note))


def write_whole(path: Path, text: str) -> None:
    """Effect: writes a file that nobody, not even after a crash, finds half written."""
    part = path.with_name(path.name + ".new")
    part.write_text(text)
    part.replace(path)


def stamp(path: Path) -> list[int]:
    """What changes when a file does: its length and its time."""
    state = path.stat()
    return [state.st_size, state.st_mtime_ns]


class CubeFile:
    """A cube being written, of what `source` names.

    Effect: opening makes the file, at its full size, or takes up one that was begun of the same source.
    """

    def __init__(self, path: Path, pixels: int, source: Any) -> None:
        count = nodes(pixels)
        self._path, self._source = path, source
        note = note_of(path)
        begun = path.exists() and note.get("source") == source and note.get("rows", count) < count
        self.rows: int = note["rows"] if begun else 0
        shape = (count, count, pixels, pixels)
        if not begun:
            path.unlink(missing_ok=True)
            refuse_no_room(path, int(np.prod(shape)) * 4)
        self.cube = np.lib.format.open_memmap(path, "r+" if begun else "w+", np.float32, None if begun else shape)
        self._note()

    def _note(self, **more: Any) -> None:
        write_note(self._path, {"source": self._source, "rows": self.rows, **more})

    def write(self, row: int, images: NDArray[np.floating[Any]], transposed: bool) -> None:
        """Effect: writes row `row` of nodes, and notes that it is whole.

        With `transposed`, `images` are those up to the diagonal, and their transposes fill the column below it.
        """
        self.cube[row, : len(images)] = images
        if transposed:
            self.cube[:row, row] = images[:row].swapaxes(1, 2)
        self.cube.flush()
        self.rows = row + 1
        self._note()

    def __enter__(self) -> "CubeFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, what: BaseException | None, trace: TracebackType | None
    ) -> None:
        whole = self.rows == len(self.cube)
        del self.cube
        if whole:
            self._note(looked_through=stamp(self._path))


def refuse_no_room(path: Path, wanted: int) -> None:
    """A mapped file that outgrows its disk ends the process without a word; so what is free is asked before."""
    free = shutil.disk_usage(path.parent).free
    if free < wanted:
        raise BadInput(f"{path.parent} has {free / 1e6:.0f} MB free: wanted {wanted / 1e6:.0f} MB for a cube of PSFs")


def finished(path: Path, pixels: int, source: Any) -> bool:
    """Is the cube there, whole and of this source?"""
    note = note_of(path)
    return path.exists() and note.get("source") == source and note.get("rows") == nodes(pixels)


def mapped(path: Path, pixels: int) -> NDArray[np.float32]:
    """A cube, mapped from its file.

    One pass looks for what is not finite, unless a note says that this very file was looked through.
    Effect: notes that, where the folder may be written in.
    """
    try:
        cube = np.load(path, mmap_mode="r")
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} can't be read as an array ({error}): wanted a cube of PSFs") from None
    count = nodes(pixels)
    wanted = (count, count, pixels, pixels)
    if cube.shape != wanted or cube.dtype != np.float32:
        raise BadInput(f"{path} has shape {cube.shape} of {cube.dtype}: wanted {wanted} of float32")
    note = note_of(path)
    if note.get("looked_through") != stamp(path):
        refuse_bad_numbers(path, cube)
        with contextlib.suppress(OSError):  # then the next one looks again
            write_note(path, {**note, "looked_through": stamp(path)})
    return cube


def refuse_bad_numbers(path: Path, cube: NDArray[np.float32]) -> None:
    """A cube must be finite throughout."""
    for iy, row in enumerate(cube):
        for ix in np.flatnonzero(~np.isfinite(row.sum(axis=(1, 2), dtype=np.float32))):
            raise BadInput(
                f"{path} holds a number that is not finite, in the image of the source at ({ix}, {iy}) pixels from the"
                " star: wanted finite fractions of light"
            )
