"""Reading flag names out of a library, from a small one made by hand and from the installed jaxlib."""

import sys
from pathlib import Path

import pytest

from jaxaudit.flags.catalogue import known_table
from jaxaudit.flags.library import installed_jaxlib, read_flags


def text(number: int, value: bytes) -> bytes:
    """A field with bytes, as protobuf writes it."""
    return bytes([number << 3 | 2, len(value)]) + value


DEPRECATED = text(8, bytes([3 << 3, 1]))
BOOL, REPEATED = bytes([5 << 3, 8]), bytes([4 << 3, 3])
FIELDS = (
    text(2, text(1, b"xla_cpu_fast") + BOOL)
    + text(2, text(1, b"xla_old") + DEPRECATED)
    + text(2, text(1, b"xla_many") + REPEATED + BOOL)
)
DESCRIPTION = (
    b"\n\x0dxla/xla.proto" + text(2, b"xla") + text(4, text(1, b"Other")) + text(4, text(1, b"DebugOptions") + FIELDS)
)
LIBRARY = b"\x7fELF\0noise xla_\0" + b"\0xla_cpu_fast\0say --xla_old\0xla_Not\0" + DESCRIPTION + b"\xff\xff\0xla_fuel\0"


def test_names_and_options_are_read(tmp_path: Path) -> None:
    library = tmp_path / "lib.so"
    library.write_bytes(LIBRARY)
    found = read_flags(library)
    assert found.options == {"xla_cpu_fast": "", "xla_old": "deprecated", "xla_many": ""}
    assert found.kinds == {"xla_cpu_fast": "bool"}
    assert found.names >= {"xla_cpu_fast", "xla_old", "xla_fuel"}
    assert "xla_Not" not in found.names


@pytest.mark.parametrize("cut", range(len(LIBRARY) - len(DESCRIPTION) - 12, len(LIBRARY), 3))
def test_a_damaged_library_is_read_as_far_as_it_goes(tmp_path: Path, cut: int) -> None:
    library = tmp_path / "lib.so"
    library.write_bytes(LIBRARY[:cut])
    assert set(read_flags(library).options) <= {"xla_cpu_fast", "xla_old", "xla_ol", "xla_cpu_fas", "xla_many", ""}


def test_an_empty_library_has_no_flags(tmp_path: Path) -> None:
    (tmp_path / "lib.so").write_bytes(b"")
    assert read_flags(tmp_path / "lib.so") == (frozenset(), {}, {})


def test_a_jaxlib_is_found_by_looking_at_files(tmp_path: Path) -> None:
    site = tmp_path / "lib/python3.12/site-packages"
    (site / "jaxlib").mkdir(parents=True)
    (site / "jaxlib-1.2.3.dist-info").mkdir()
    (site / "jaxlib/small.so").write_bytes(b"x")
    (site / "jaxlib/xla.so").write_bytes(LIBRARY)
    assert installed_jaxlib(tmp_path) == ("1.2.3", site / "jaxlib/xla.so")


def test_an_environment_that_sees_its_base_finds_the_jaxlib_there(tmp_path: Path) -> None:
    site = tmp_path / "base/lib/python3.12/site-packages/jaxlib"
    site.mkdir(parents=True)
    (site / "xla.so").write_bytes(LIBRARY)
    (site / "version.py").write_text('__version__ = "1.2.4"\n')
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv/pyvenv.cfg").write_text(f"home = {tmp_path / 'base/bin'}\ninclude-system-site-packages = true\n")
    assert installed_jaxlib(tmp_path / "venv") == ("1.2.4", site / "xla.so")


def test_without_jaxlib_there_is_none(tmp_path: Path) -> None:
    assert installed_jaxlib(tmp_path) is None


def test_the_installed_library_agrees_with_the_table() -> None:
    jaxlib = installed_jaxlib(Path(sys.prefix))
    table = known_table()
    if jaxlib is None or jaxlib.version not in table.versions:
        pytest.skip("no jaxlib of a version in the table")
    read, told = read_flags(jaxlib.library), table.library(jaxlib.version)
    assert set(read.options) == set(told.options)
    assert read.kinds == told.kinds
    assert told.names <= read.names | {"xla_gpu_experimental_autotuner_cache_dir"}
