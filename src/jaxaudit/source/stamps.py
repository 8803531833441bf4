"""Which files have not changed since a digest of them was made, without reading them."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from jaxaudit.source.cache import FactsCache

SETTLED_NS = 2_000_000_000
"""A file written this short a time before it was read may be written again within one tick of its clock."""

_Stamp = tuple[int, int, int, int]


class Stamps:
    """The digests of one place's files, kept in the cache between runs.

    A digest is believed while size, both times and the inode are the same. A file that was changed within two seconds
    of being read is not remembered, because a second change could leave the same stamp (git's "racily clean" entries).
    """

    def __init__(self, cache: FactsCache, scope: str, *, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._cache = cache
        self._key = blake2b(scope.encode("utf-8", "surrogateescape"), digest_size=16).digest()
        self._clock_ns = clock_ns
        self._known = _unpacked(cache.get_stamps(self._key))
        self._fresh: dict[str, tuple[_Stamp, bytes]] = {}

    def digest(self, path: str) -> bytes | None:
        """The digest remembered for a file that still has the same stamp."""
        known = self._known.get(path)
        try:
            if known is None or known[0] != _stamp(os.stat(path)):
                return None
        except (OSError, ValueError):
            return None
        self._fresh[path] = known
        return known[1]

    def remember(self, path: str, info: os.stat_result, digest: bytes) -> None:
        """Keep a digest. `info` must be from before the file was read, else a change in between would be missed."""
        if max(info.st_mtime_ns, info.st_ctime_ns) < self._clock_ns() - SETTLED_NS:
            self._fresh[path] = (_stamp(info), digest)

    def save(self) -> None:
        """Effect: hands what is still true to the cache, if anything is new."""
        if self._fresh != self._known:
            self._cache.put_stamps(self._key, pickle.dumps(self._fresh, 5))


def _stamp(info: os.stat_result) -> _Stamp:
    return (info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino)


def _unpacked(data: bytes | None) -> dict[str, tuple[_Stamp, bytes]]:
    from jaxaudit.source.facts import unpack

    found: Any = unpack(data) if data else None
    if not isinstance(found, dict):
        return {}
    return {path: entry for path, entry in found.items() if isinstance(entry, tuple) and len(entry) == 2}
