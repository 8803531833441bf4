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

    package = os.path.dirname(HERE)
    spec = files.spec_from_file_location(
        "jaxaudit_probe", os.path.join(package, "__init__.py"), submodule_search_locations=[package]
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
