"""Runs one job; `python.c` calls `run`, `catalog.c` calls `warm_up`."""

import json
import os
import signal
import sys

import _millrace
import millrace
from millrace import files

# The file of each handler, where all were asked for.
places = {}


def warm_up():
    """Imports files once for all jobs that are forked from this process."""
    import gc

    from millrace import describe

    for name in describe.sharable():
        try:
            files.load(name)
        except BaseException as problem:  # Each job tries it again, and tells whoever submitted it.
            print(f"cannot import `{name}`: {type(problem).__name__}: {problem}", file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    gc.collect()
    gc.freeze()


def run(handler, parameters):
    """Runs a handler; returns None, or what `python.c` tells of its failure or its snooze."""
    _renew()
    try:
        signal.signal(signal.SIGTERM, _stop)
        _millrace.hear_signals()
        if _millrace.cancelled():
            raise millrace.Cancelled
        one = _function(handler)
        arguments = _arguments(parameters)
        if one.wants_context:
            arguments["context"] = millrace.Context()
        _give(_awaited(one.function(**arguments)))
        return None
    except millrace.Cancelled:
        return ("cancelled", "it was asked to stop", True)
    except millrace.Snooze as snooze:
        return (round(snooze.seconds * 1000), snooze.why)
    except millrace.Failure as failure:
        return (failure.code, failure.message, failure.retryable)
    except files.Mistake as mistake:
        return ("error", str(mistake), False)
    except SystemExit as ending:
        return ("error", f"it called sys.exit({'' if ending.code is None else repr(ending.code)})", True)
    except BaseException as problem:
        _show(problem)
        return ("error", f"{type(problem).__name__}: {problem}", True)
    finally:
        signal.signal(signal.SIGTERM, _pass)
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (AttributeError, OSError, ValueError):
                pass  # The handler closed or replaced it.


def _function(handler):
    """Returns the registration of a handler; imports its file if that is not done yet."""
    name = places.get(handler) or files.index(handler).get(handler)
    if name is None:
        raise millrace.Failure("no_handler", f"no file in the plugin's directory has the handler `{handler}`")
    for one in files.load(name):
        if one.name == handler:
            return one
    raise millrace.Failure("no_handler", f"`{name}` does not have the handler `{handler}` now")


def _arguments(parameters):
    """The parameters by name; the runner takes none that are not JSON."""
    try:
        return json.loads(parameters)
    except (ValueError, RecursionError) as problem:
        raise millrace.Failure("invalid_parameters", f"the parameters can't be read: {problem}") from None


def _awaited(value):
    """What a function returns; a coroutine is run to its end."""
    if not hasattr(value, "__await__"):
        return value
    import asyncio

    async def wait():
        return await value

    return asyncio.run(wait())


def _give(value):
    """Makes a value the job's result."""
    if value is None:
        return
    if isinstance(value, str):
        _millrace.set_result(value.encode(), "text/plain; charset=utf-8")
    elif isinstance(value, (bytes, bytearray, memoryview)):
        _millrace.set_result(bytes(value), "application/octet-stream")
    else:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        _millrace.set_result(text.encode(), "application/json")


def _stop(number, frame):
    signal.signal(number, _pass)  # Once: what cleans up after it is not disturbed.
    raise millrace.Cancelled


def _pass(number, frame):
    pass


def _renew():
    """What was read in a warm host is the host's: its environment, its directory for temporary files."""
    data = os.environ._data
    data.clear()
    data.update(pair.split(b"=", 1) for pair in _millrace.environment() if b"=" in pair)
    if "tempfile" in sys.modules:
        sys.modules["tempfile"].tempdir = None
    sys.stdout.reconfigure(line_buffering=True)


def _show(problem):
    """Writes the traceback to the log, without the frames of this file."""
    trace = problem.__traceback__
    own = [function.__code__.co_filename for function in (run, files.load)]
    while trace is not None and trace.tb_frame.f_code.co_filename in own:
        trace = trace.tb_next
    sys.__excepthook__(type(problem), problem.with_traceback(trace), trace)
