"""What the catalogue says of flags, against what XLA does with them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from jaxaudit.flags import FlagCatalogue, load_catalogue
from jaxaudit.flags.catalogue import known_table
from jaxaudit.flags.library import LibraryFlags, installed_jaxlib, read_flags

FORCE = "xla_force_host_platform_device_count"


@pytest.fixture
def newest() -> FlagCatalogue:
    return load_catalogue(None)


def test_without_a_jaxlib_the_dated_table_answers(newest: FlagCatalogue) -> None:
    assert newest.source == "table of 2026-11-21 (jaxlib 0.12.0.1)"
    assert not newest.is_installed
    assert newest.knows(FORCE) == "known"


@pytest.mark.parametrize(
    ("name", "verdict", "removed"),
    [
        ("xla_cpu_enable_fast_math", "known", None),
        ("xla_cpu_use_fusion_emitters", "removed", "0.12.0.1"),
        ("xla_gpu_enable_triton_softmax_fusion", "removed", "2025-01"),
        ("xla_gpu_enable_async_collectives", "removed", "2024-04"),
        ("xla_cpu_enable_fastmath", "unknown", None),
        ("xla_detailed_logging", "unknown", None),  # a compiler option that is no flag
        ("xla_tpu_enable_latency_hiding_scheduler", "other-plugin", None),
    ],
)
def test_verdicts(newest: FlagCatalogue, name: str, verdict: str, removed: str | None) -> None:
    assert newest.knows(name) == verdict
    assert newest.removed_in(name) == removed


def test_the_nearest_name_is_one_that_is_accepted(newest: FlagCatalogue) -> None:
    assert newest.nearest("xla_cpu_enable_fastmath") == "xla_cpu_enable_fast_math"
    assert newest.nearest("xla_cpu_fast_math_honour_nans") == "xla_cpu_fast_math_honor_nans"
    assert newest.nearest("qqq") is None


def test_options_of_jit_are_told_from_flags(newest: FlagCatalogue) -> None:
    assert newest.knows_option("xla_detailed_logging")
    assert newest.knows_option("xla_cpu_enable_fast_math")
    assert not newest.knows_option("xla_fuel")


def test_an_older_jaxlib_gets_answers_for_its_own_version() -> None:
    older = FlagCatalogue("jaxlib 0.8.3", "0.8.3", known_table(), LibraryFlags(frozenset(), {}))
    assert older.knows("xla_cpu_use_fusion_emitters") == "known"
    assert older.knows("xla_cpu_scheduler_type") == "unknown"
    assert older.removed_in("xla_cpu_scheduler_type") is None


def test_a_version_that_is_not_in_the_table_is_judged_by_its_library() -> None:
    jaxlib = installed_jaxlib(Path(sys.prefix))
    table = known_table()
    if jaxlib is None or jaxlib.version not in table.versions:
        pytest.skip("no jaxlib of a version in the table")
    exact = load_catalogue(Path(sys.prefix))
    blind = exact._replace(version="99.0", read=read_flags(jaxlib.library))
    wrong = [n for n in table.marks if (blind.knows(n) == "known") != (exact.knows(n) == "known")]
    assert set(wrong) <= {"xla_gpu_experimental_autotuner_cache_dir"}


@pytest.mark.parametrize(
    "name", [FORCE, "xla_cpu_enable_xla_runtime", "xla_gpu_enable_triton_softmax_fusion", "xla_fuel"]
)
def test_xla_agrees(name: str) -> None:
    pytest.importorskip("jaxlib")
    catalogue = load_catalogue(Path(sys.prefix))
    run = "from jaxlib import xla_client as x; a = x.CompileOptions(); b = a.executable_build_options; b.debug_options"
    environment = {**os.environ, "XLA_FLAGS": f"--{name}=1"}
    done = subprocess.run([sys.executable, "-c", run], env=environment, capture_output=True, text=True, check=False)
    assert ("Unknown flag" in done.stderr) == (catalogue.knows(name) != "known")


def test_what_was_read_is_kept_by_the_librarys_size_and_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "env/lib/python3.12/site-packages/jaxlib"
    site.mkdir(parents=True)
    (site / "xla.so").write_bytes(b"\0xla_one_flag\0")
    (site / "version.py").write_text('__version__ = "0.99.0"')
    first = load_catalogue(tmp_path / "env", tmp_path / "cache")
    monkeypatch.setattr("jaxaudit.flags.catalogue.read_flags", lambda _: pytest.fail("read again"))
    assert load_catalogue(tmp_path / "env", tmp_path / "cache") == first
    assert first.source == f"jaxlib 0.99.0 installed at {tmp_path / 'env'}"
    assert first.knows("xla_one_flag") == "known"
    assert first.knows(FORCE) == "unknown"


def test_the_library_of_a_version_in_the_table_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "env/lib/python3.12/site-packages/jaxlib"
    site.mkdir(parents=True)
    (site / "xla.so").write_bytes(b"\0xla_one_flag\0")
    (site / "version.py").write_text('__version__ = "0.8.3"')
    monkeypatch.setattr("jaxaudit.flags.catalogue.read_flags", lambda _: pytest.fail("read"))
    catalogue = load_catalogue(tmp_path / "env")
    assert catalogue.is_installed
    assert catalogue.source.startswith("jaxlib 0.8.3 installed at")
    assert catalogue.knows("xla_cpu_use_fusion_emitters") == "known"
    assert catalogue.knows("xla_one_flag") == "unknown"


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"names": 3}', "\0"])
def test_a_damaged_cache_entry_is_a_miss(tmp_path: Path, damage: str) -> None:
    site = tmp_path / "env/lib/python3.12/site-packages/jaxlib"
    site.mkdir(parents=True)
    (site / "xla.so").write_bytes(b"\0xla_one_flag\0")
    first = load_catalogue(tmp_path / "env", tmp_path / "cache")
    (entry,) = (tmp_path / "cache").iterdir()
    entry.write_text(damage)
    assert load_catalogue(tmp_path / "env", tmp_path / "cache") == first


def test_a_folder_that_cannot_be_written_is_no_reason_to_stop(tmp_path: Path) -> None:
    site = tmp_path / "env/lib/python3.12/site-packages/jaxlib"
    site.mkdir(parents=True)
    (site / "xla.so").write_bytes(b"\0xla_one_flag\0")
    (tmp_path / "file").write_text("")
    assert load_catalogue(tmp_path / "env", tmp_path / "file").is_installed


CHILD = "from jaxlib import xla_client as x; a = x.CompileOptions(); b = a.executable_build_options; b.debug_options"


@pytest.mark.slow
def test_xla_wants_the_kinds_that_the_library_tells() -> None:
    """Every flag of a kind at once, with a value that is none: XLA names each that it could not read."""
    pytest.importorskip("jaxlib")
    catalogue = load_catalogue(Path(sys.prefix))
    scalars = {name for name in catalogue.names() if catalogue.kind(name)}
    environment = {**os.environ, "XLA_FLAGS": " ".join(f"--{name}=~" for name in scalars)}
    done = subprocess.run([sys.executable, "-c", CHILD], env=environment, capture_output=True, check=False)
    said = re.findall(r"interpret value ~ for flag (\w+)", done.stderr.decode(errors="replace"))
    assert set(said) == scalars
