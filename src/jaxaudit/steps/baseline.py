"""A baseline: a saved check whose findings are known and no longer news."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jaxaudit.model import Finding
from jaxaudit.model.mistake import Mistake


def read_baseline(file: Path) -> list[str]:
    """The fingerprints in a document that `check --format json --output FILE` wrote, news and known ones alike."""
    try:
        document = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise Mistake(
            f"the baseline {file} can't be read ({error.strerror or error}); "
            f"`jaxaudit check --format json --output {file}` writes one"
        ) from None
    except ValueError as error:
        raise Mistake(f"the baseline {file} is not JSON: {error}") from None
    try:
        return _fingerprints(document)
    except (AttributeError, KeyError, TypeError):
        raise Mistake(
            f"the baseline {file} is not a check that jaxaudit saved; "
            f"`jaxaudit check --format json --output {file}` writes one"
        ) from None


def _fingerprints(document: Any) -> list[str]:
    if not document["schema"].startswith("jaxaudit/") or document["kind"] != "check":
        raise KeyError("schema")
    return [str(entry["fingerprint"]) for entry in (*document["findings"], *document.get("known", ()))]


def split(findings: Iterable[Finding], fingerprints: Iterable[str]) -> tuple[list[Finding], list[Finding]]:
    """(news, known). Each entry of the baseline answers for one finding; in a moved file they are known by content."""
    left = Counter(fingerprints)
    news: list[Finding] = []
    known: list[Finding] = []
    for finding in findings:
        _take(finding.fingerprint, left, known, news, finding)
    by_content = Counter(fingerprint.partition("-")[0] for fingerprint in left.elements())
    still_news: list[Finding] = []
    for finding in news:
        _take(finding.fingerprint.partition("-")[0], by_content, known, still_news, finding)
    return still_news, known


def _take(key: str, left: Counter[str], known: list[Finding], news: list[Finding], finding: Finding) -> None:
    """Effect: moves the finding to the known ones where the baseline still has an entry for it, else to the news."""
    if left[key] > 0:
        left[key] -= 1
        known.append(finding)
    else:
        news.append(finding)
