"""The tests in the programs' folders are the programs' own."""

collect_ignore_glob = ["*/test_*.py"]
