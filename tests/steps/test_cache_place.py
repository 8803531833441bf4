from pathlib import Path

import pytest

from jaxaudit.steps.cache_place import default_cache_dir


@pytest.mark.parametrize(
    ("environ", "platform", "place"),
    [
        ({"JAXAUDIT_CACHE_DIR": "/x", "HOME": "/h"}, "linux", "/x"),
        ({"HOME": "/h"}, "linux", "/h/.cache/jaxaudit"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/c"}, "linux", "/c/jaxaudit"),
        ({"HOME": "/h"}, "darwin", "/h/Library/Caches/jaxaudit"),
    ],
)
def test_the_place_that_the_system_has_for_caches(environ: dict[str, str], platform: str, place: str) -> None:
    assert default_cache_dir(environ, platform) == Path(place)


def test_a_user_without_a_home_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    assert default_cache_dir({}, "linux") is None
