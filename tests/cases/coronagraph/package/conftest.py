"""One tiny package for all tests: 32 pixels, 17 x 17 nodes."""

import pytest

from cases.coronagraph.package.packages import TINY
from jaxaudit_cases.coronagraph.package.make import make_package
from jaxaudit_cases.coronagraph.package.read import Package, read_package


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The tiny package, with its cube. Nobody writes in its folder."""
    return read_package(make_package(tmp_path_factory.mktemp("packages") / "tiny", TINY))
