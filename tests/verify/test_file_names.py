"""Results in folders that are called otherwise in each run."""

from jaxaudit.verify.file_names import mask, patterns, renamed

ONE = ["log.txt", "runs/2026-11-21_20-05-11_7de92e/width8.json", "runs/2026-11-21_20-05-11_7de92e/width16.json"]
OTHER = ["log.txt", "runs/2026-11-21_20-05-19_6cb37b/width8.json", "runs/2026-11-21_20-05-19_6cb37b/width16.json"]


def test_each_file_is_known_by_what_stays_of_its_name():
    found = patterns(ONE, OTHER)
    assert found == {"runs/#-#-#_#-#-#_#/width8.json", "runs/#-#-#_#-#-#_#/width16.json"}
    first, second = renamed(dict.fromkeys(ONE, b"1"), found), renamed(dict.fromkeys(OTHER, b"1"), found)
    assert first == second and set(first) == {"log.txt", *found}


def test_random_names_and_names_that_stay():
    assert mask("tmpab12_x9q.npy") == "tmp#.npy"
    assert mask("profile") == "profile" and mask("layer3") == "layer#"
    assert patterns(["tmpab12_x9q.npy"], ["tmpzz02_x9q.npy"]) == {"tmp#.npy"}
    assert patterns(["a.txt"], ["b.txt"]) == frozenset()


def test_two_files_that_meet_keep_their_names():
    found = patterns(["out/17.txt"], ["out/18.txt"])
    assert renamed({"out/19.txt": 1, "out/20.txt": 2}, found) == {"out/19.txt": 1, "out/20.txt": 2}
    assert renamed({"out/19.txt": 1}, found) == {"out/#.txt": 1}
