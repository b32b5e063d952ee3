"""Runs the command line many times without paying for its imports each time.

Started as a script, it imports everything, loads the compiled kernels, and then forks a child
for every request on its standard input: ``{"argv": [...], "output": path, "env": {...},
"traced": bool}``. The child runs ``onrecord.commands.main`` with its output in a file; where it
is to be traced, it waits until a tracer has attached. Two lines come back, the child's pid and
its status: the exit code, or minus the signal that killed it.

Nothing here may start a thread before the fork: threads do not survive it.
"""

import importlib
import json
import os
import pkgutil
import sys
import time
from pathlib import Path

_PATIENCE = 60.0
#: A program, and clients of other machines: these start threads, and no run here needs them.
_LEFT_OUT = {"__main__", "bucket", "objects", "on_daft", "on_ray", "remote"}


def _load() -> None:
    """Do once what every run needs: imports, tables, machine code."""
    import pandas  # noqa: F401  (pyarrow takes it in on first use)
    from numba.core.dispatcher import Dispatcher

    import onrecord

    for module in pkgutil.walk_packages(onrecord.__path__, "onrecord."):
        if module.name.rpartition(".")[2] not in _LEFT_OUT:
            importlib.import_module(module.name)
    from onrecord.release.profile import violations
    from onrecord.text.characters import tables

    tables()
    violations({})
    modules = [m for name, m in list(sys.modules.items()) if name.startswith("onrecord")]
    kernels = {id(v): v for m in modules for v in vars(m).values() if isinstance(v, Dispatcher)}
    for kernel in kernels.values():
        for signature, *_ in list(kernel._cache._cache_file._load_index()):
            kernel.compile(signature)


def _attached() -> bool:
    """Whether something traces this process."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    (line,) = [line for line in status.splitlines() if line.startswith("TracerPid:")]
    return line.split()[1] != "0"


def _child(request: dict) -> None:
    from onrecord.commands import main

    handle = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.environ.update(request["env"])
    sys.argv = ["onrecord", *request["argv"]]
    patience = time.monotonic() + _PATIENCE
    while request["traced"] and not _attached():
        if time.monotonic() > patience:
            os._exit(99)
        time.sleep(0.002)
    try:
        main()
    except SystemExit as stop:
        code = stop.code
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else bool(code))
    except BaseException:
        import traceback

        traceback.print_exc()
        os._exit(98)
    os._exit(0)


def main_loop() -> None:
    """Serve requests until standard input ends."""
    _load()
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    print("ready", file=replies)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _child(json.loads(line))
        print(child, file=replies)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), file=replies)


if __name__ == "__main__":
    main_loop()
