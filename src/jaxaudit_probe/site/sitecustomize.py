"""Python imports this when it starts, because this folder is on PYTHONPATH: begins the observation and makes room.

Afterwards nothing shows that it was here: its folder is off `sys.path`, and `sitecustomize` is the user's own or none.
Programs start all kinds of Python: one that is too old can read this file, and nothing happens in it.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def begin():  # type: () -> None
    """Effect: loads the probe by its place, so that nothing else of where it is installed can be imported."""
    import _frozen_importlib as modules  # what `importlib` is made of, which itself would bring modules into the program
    import _frozen_importlib_external as files
    import _imp

    class Loader(files.SourceFileLoader):
        """The code names no file: coverage tools measure files, and the program's own are all that there should be."""

        def get_code(self, name):  # type: ignore[no-untyped-def]
            code = files.SourceFileLoader.get_code(self, name)
            rename(code, "<jaxaudit_probe>/{}.py".format(name))  # noqa: UP032
            return code

    rename = getattr(_imp, "_fix_co_filename")  # noqa: B009
    rename(Loader.get_code.__code__, "<jaxaudit_probe>/site/sitecustomize.py")
    package = os.path.dirname(HERE)
    for folder in (package, os.path.join(package, "private")):
        sys.path_importer_cache[folder] = files.FileFinder(folder, (Loader, [".py"]))
    init = os.path.join(package, "__init__.py")
    spec = files.spec_from_file_location(
        "jaxaudit_probe", init, loader=Loader("jaxaudit_probe", init), submodule_search_locations=[package]
    )
    assert spec is not None and spec.loader is not None
    module = modules.module_from_spec(spec)
    sys.modules["jaxaudit_probe"] = module
    spec.loader.exec_module(module)
    from jaxaudit_probe.start import begin_as_told

    begin_as_told(os.environ)


sys.path[:] = [entry for entry in sys.path if entry != HERE]
sys.path_importer_cache.pop(HERE, None)
if os.environ.get("JAXAUDIT") == "run" and sys.version_info >= (3, 10):
    try:
        begin()
    except Exception as error:
        sys.stderr.write("jaxaudit: this process is not observed: {}\n".format(error))  # noqa: UP032
del sys.modules["sitecustomize"]
__import__("sitecustomize")  # the next one on the path; where there is none, `site` expects this very ImportError
