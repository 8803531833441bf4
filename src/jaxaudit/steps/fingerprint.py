"""A finding's name for ever: the same when its lines move, so that a baseline and a code host know it again."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from hashlib import blake2b

from jaxaudit.model import Finding


def fingerprinted(
    findings: Iterable[Finding], line_of: Callable[[str, int], str], home_of: Callable[[str], str]
) -> list[Finding]:
    """The findings, each with its fingerprint: what stands there, a dash, and in which file.

    It holds rule, function and the line's text without its spaces, counted among equals, never a line number.
    `home_of` gives the path as seen from the project's root, so that it does not depend on where the command ran.
    The first half alone still knows a finding whose file was moved or renamed.
    """
    seen: Counter[str] = Counter()
    named = []
    for finding in sorted(findings, key=lambda finding: finding.place):
        place = finding.place
        text = "".join(line_of(place.path, place.line).split())
        what = f"{finding.rule}\0{place.function}\0{text}\0{finding.cell}"
        key = f"{place.path}\0{what}"
        seen[key] += 1
        content = _short(f"{what}\0{seen[key]}", 8)
        named.append(replace(finding, fingerprint=f"{content}-{_short(home_of(place.path), 4)}"))
    return named


def _short(text: str, size: int) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).hexdigest()
