"""What a file of handlers imports.

    from millrace import handler

    @handler(memory="64M", timeout="30s")
    def resize(path: str, width: int = 100) -> dict:
        "Makes a picture smaller"
        return {"path": path}

A parameter that is named `context` gets a `Context`. What the function returns is the job's result: None for
none, a str, bytes, or anything that JSON has.
"""

import _millrace

__all__ = ["Cancelled", "Context", "Failure", "Output", "Secret", "Snooze", "handler"]

_LEVELS = {"debug": 1, "info": 2, "notice": 3, "warning": 4, "error": 5}
_BYTES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}

# What the file that is being imported has registered so far.
_registered = []


class Cancelled(BaseException):
    """The job was asked to stop: raised in the main thread, once, wherever that is."""


class Failure(Exception):
    """Why the job fails, in the handler's own words."""

    def __init__(self, code, message, retryable=False):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.retryable = str(code), str(message), bool(retryable)


class Snooze(BaseException):
    """Another run after a time, with no attempt used up."""

    def __init__(self, seconds, why=None):
        super().__init__(why)
        self.seconds, self.why = seconds, why


class Secret:
    """Marks a parameter that nobody is shown but the job: `token: Annotated[str, Secret]`."""


class Output:
    """The result of a job that this one depends on."""

    def __init__(self, job, name, content, media_type):
        self.job, self.name, self.content, self.media_type = job, name, content, media_type


class Context:
    """The job that runs, and what it can tell Millrace."""

    def __init__(self):
        for name, value in _millrace.job().items():
            setattr(self, name, value)

    @property
    def input(self):
        """The input as bytes; empty if none was given."""
        return _millrace.input()

    @property
    def outputs(self):
        """The results of the jobs that this one depends on, by the names it knows them by."""
        return {name: Output(job, name, content, kind) for job, name, content, kind in _millrace.outputs()}

    @property
    def checkpoint(self):
        """What the last attempt that called `save` saved; None if none did."""
        return _millrace.checkpoint()

    @property
    def cancelled(self):
        """Whether the job was asked to stop."""
        return _millrace.cancelled()

    def log(self, message, level="info", **fields):
        """Writes a line to the job's log."""
        if level not in _LEVELS:
            raise ValueError(f"a level is one of {', '.join(_LEVELS)}, not {level!r}")
        _millrace.log(_LEVELS[level], str(message), [(name, str(value)) for name, value in fields.items()])

    def progress(self, fraction, message=None):
        """Reports how far the job is: 0.0 to 1.0, and what it does now."""
        _millrace.progress(fraction, message)

    def save(self, checkpoint):
        """Saves at most 1 MiB for the next attempt, if there is one; b"" takes it back."""
        _millrace.save(checkpoint)

    def set_result(self, content, media_type="application/octet-stream"):
        """Sets the job's result; the last call counts, and what the function returns, unless that is None."""
        content = content.encode() if isinstance(content, str) else bytes(content)
        _millrace.set_result(content, media_type)

    def fail(self, code, message, retryable=False):
        """Ends the job: it has failed."""
        raise Failure(code, message, retryable)

    def snooze(self, seconds, why=None):
        """Ends the job for now: it is run again after so many seconds."""
        raise Snooze(seconds, why)


class Registration:
    """A function that is a handler, with all that was said of it."""

    def __init__(self, function, name, summary, schema, numbers, unrelated):
        self.function, self.name, self.schema, self.unrelated = function, name, schema, bool(unrelated)
        self.summary, self.numbers = summary, numbers
        inner = function
        while hasattr(inner, "__wrapped__"):
            inner = inner.__wrapped__
        code = inner.__code__
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        self.wants_context = "context" in names


def handler(function=None, *, name=None, summary=None, schema=None, memory=None, cpu=None, pids=None,
            timeout=None, max_attempts=None, retry_delay=None, concurrency=None, unrelated=False):
    """Makes a function at the top level of a file a handler.

    name          what jobs ask for; the function's own name as default
    summary       one line that says what it does; the first one of the function's text as default
    schema        JSON Schema of the parameters; made of the function's annotations as default
    memory        the most memory of a job, as a number of bytes or "64M"
    cpu           processors: 0.5 is half of one
    pids          processes and threads
    timeout       how long an attempt may run, as a number of seconds or "30s", "5m"
    max_attempts  how many attempts a job has; retry_delay: the wait before the second one
    concurrency   how many jobs of it may run at once
    unrelated     whether the failure of one job tells nothing of the next
    """

    def register(function):
        words = (function.__doc__ or "").strip().splitlines()
        _registered.append(Registration(
            function, name or function.__name__, summary or (words[0] if words else ""), schema, {
                "memory": _number("memory", memory, _BYTES), "cpu": _number("cpu", cpu, None, 1000),
                "pids": _number("pids", pids), "timeout": _number("timeout", timeout, _SECONDS, 1000),
                "max_attempts": _number("max_attempts", max_attempts),
                "retry_delay": _number("retry_delay", retry_delay, _SECONDS, 1000),
                "concurrency": _number("concurrency", concurrency),
            }, unrelated))
        return function

    return register if function is None else register(function)


def _number(setting, value, units=None, factor=1):
    """Returns a setting as a whole number of its smallest unit; 0 if nothing was said."""
    if value is None:
        return 0
    scale = 1
    if isinstance(value, str) and units is not None:
        digits = value.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
        scale = units.get(value[len(digits):], 0)
        try:
            value = float(digits)
        except ValueError:
            scale = 0
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not scale > 0 or not 0 < value * scale * factor < 2**53:
        known = f" or a text such as {'64M' if units is _BYTES else '30s'!r}" if units else ""
        raise ValueError(f"`{setting}` must be a number above 0{known}, not {value!r}")
    return max(1, round(value * scale * factor))
