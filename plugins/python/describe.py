"""What the files of handlers say of themselves: each is imported in a process of its own, so that nothing
that one does reaches another one or the description."""

import json
import os
import resource
import select
import signal
import sys
import time

from millrace import files, schema

# How many seconds the import of one file may take, and of all together: the runner's own limits are 10 s for
# a description and a minute for a warm-up.
_DESCRIPTION, _WARM_UP = (4.0, 9.0), (15.0, 30.0)
# How many are imported at once, with how much memory each: the runner's own limit is 256 MiB.
_AT_ONCE, _MEMORY = 2, 112 << 20
# What all of them together may say: the runner's own limit is 1 MiB.
_MOST_BYTES = 768 << 10
_MOST_PROBLEMS, _LONGEST_PROBLEM = 100, 500

# Flags of a handler in `millrace.h`.
_UNRELATED_JOBS, _NEVER_WARM = 1, 2

_SHARED = ("anon_inode:", "pidfd:", "socket:", "pipe:")


class _Examination:
    """A process that imports one file and tells of it through a pipe."""

    def __init__(self, name, seconds):
        self.name = name
        self.deadline = time.monotonic() + seconds
        self.reader, writer = os.pipe()
        self.text = b""
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.setpgid(0, 0)
                os.close(self.reader)
                _tell(name, writer)
            finally:
                os._exit(0)
        os.close(writer)

    def hear(self):
        """Reads what is there; returns whether it has told all."""
        part = os.read(self.reader, 1 << 16)
        self.text += part
        return not part or len(self.text) > _MOST_BYTES

    def end(self, is_late=False):
        """Ends the process and returns what it has told."""
        for number in (-self.pid, self.pid):
            try:
                os.kill(number, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass
        os.close(self.reader)
        status = os.waitpid(self.pid, 0)[1]
        if is_late:
            return {"problem": "its import takes too long", "is_late": True}
        if len(self.text) > _MOST_BYTES:
            return {"problem": f"its handlers say more than {_MOST_BYTES >> 10} KiB"}
        try:
            return json.loads(self.text)
        except ValueError:
            signalled = os.WIFSIGNALED(status) and os.WTERMSIG(status) != signal.SIGKILL
            how = f"crashed (signal {os.WTERMSIG(status)})" if signalled else "ended its process"
            return {"problem": f"its import {how}"}


def describe():
    """Returns the handlers as tuples for `catalog.c`, what is wrong, and whether there was too little time."""
    handlers, problems, size, places = [], [], 0, files.index()
    reports = _examine(_DESCRIPTION)
    for name, report in reports.items():
        problem = report.get("problem")
        mine = report.get("handlers", [])
        size += sum(len(text) for one in mine for text in one if isinstance(text, str))
        if not problem and (len(handlers) + len(mine) > files.MOST_HANDLERS or size > _MOST_BYTES):
            bounds = f"{files.MOST_HANDLERS} handlers or {_MOST_BYTES >> 10} KiB"
            problem = f"with its handlers all files together have more than {bounds}"
        if problem:
            problems.append(f"{name}: {problem}")
            continue
        for one in mine:
            if places.get(one[0]) == name:
                handlers.append(tuple(one))
            else:
                problems.append(f"{name}: handler `{one[0]}` is in `{places.get(one[0])}` already")
    if len(problems) > _MOST_PROBLEMS:
        problems[_MOST_PROBLEMS - 1:] = [f"{len(problems) - _MOST_PROBLEMS + 1} more problems"]
    is_unfinished = any(report.get("is_late") for report in reports.values())
    return handlers, [problem[:_LONGEST_PROBLEM] for problem in problems], is_unfinished


def sharable():
    """Returns the files whose imports forks can share; tells of the others that were meant to be."""
    found = []
    for name, report in _examine(_WARM_UP).items():
        if report.get("sharable"):
            found.append(name)
        elif report.get("problem") or report.get("why"):
            why = report.get("problem") or report["why"]
            print(f"each job imports `{name}` itself: {why}", file=sys.stderr, flush=True)
    return found


def _examine(limits):
    """Returns what each file tells, by its name; `limits` are the seconds for one and for all."""
    names = files.names()
    told, waiting, running = dict.fromkeys(names), list(reversed(names)), {}
    end = time.monotonic() + limits[1]
    poll = select.poll()
    while waiting or running:
        now = time.monotonic()
        if now >= end:
            for name in waiting:
                told[name] = {"problem": "was not looked at: other files took all the time", "is_late": True}
            waiting = []
        while waiting and len(running) < _AT_ONCE:
            one = _Examination(waiting.pop(), limits[0])
            running[one.reader] = one
            poll.register(one.reader, select.POLLIN)
        patience = min([one.deadline for one in running.values()] + [end]) - now
        ready = [number for number, _ in poll.poll(max(0, patience) * 1000)]
        now = time.monotonic()
        for number, one in list(running.items()):
            is_late = now >= min(one.deadline, end) and number not in ready
            if is_late or number in ready and one.hear():
                poll.unregister(number)
                del running[number]
                told[one.name] = one.end(is_late)
    return told


def _tell(name, writer):
    """Imports a file and writes what it says."""
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    try:
        report = _report(name)
    except files.Mistake as mistake:
        report = {"problem": str(mistake)}
    except BaseException as problem:
        report = {"problem": _words(problem, name)}
    rest = json.dumps(report).encode()
    while rest:
        rest = rest[os.write(writer, rest):]


def _report(name):
    text = files.source(name)
    settings = files.settings(text)
    written = files.handlers_in(text)
    before = set(os.listdir("/proc/self/fd"))
    is_apart = settings["venv"] is not None or settings["warm"] == "no"
    handlers = [_described(one, written, is_apart) for one in files.load(name)]
    if not handlers:
        raise files.Mistake("it has no function with `@handler`; a file for others to import begins with `_`")
    doubles = {one[0] for one in handlers if sum(two[0] == one[0] for two in handlers) > 1}
    if doubles:
        raise files.Mistake(f"it has two handlers `{min(doubles)}`")
    if is_apart:
        return {"handlers": handlers, "sharable": False, "why": None}
    why = _unsharable(before)
    return {"handlers": handlers, "sharable": why is None, "why": why}


def _described(one, written, is_apart):
    """One handler, as `catalog.c` reads it."""
    if one.name not in written:
        raise files.Mistake(
            f"handler `{one.name}` must be a function at the top level, its name written out in `@handler`")
    if not files.is_name(one.name):
        raise files.Mistake(f"`{one.name}` is no name: 1 to 64 of a-z 0-9 - _ . and beginning with a letter")
    rules = schema.derive(one.function) if one.schema is None else one.schema
    text = json.dumps(rules, allow_nan=False)
    numbers = one.numbers
    return (
        one.name, one.summary, text, numbers["memory"], numbers["cpu"], numbers["pids"], numbers["timeout"],
        min(numbers["max_attempts"], 1000), numbers["retry_delay"], numbers["concurrency"],
        _UNRELATED_JOBS * one.unrelated + _NEVER_WARM * is_apart)


def _unsharable(before):
    """Why forks can't share what this process has imported; None if they can (`docs/warm.md`). `before` is
    what was open before."""
    threads = len(os.listdir("/proc/self/task"))
    if threads > 1:
        return f"it starts {threads - 1} threads"
    for number in set(os.listdir("/proc/self/fd")) - before:
        try:
            target = os.readlink("/proc/self/fd/" + number)
        except FileNotFoundError:
            continue  # The one that listed them.
        if target.startswith(_SHARED):
            return f"it leaves {target} open"
    return None


def _words(problem, name):
    """An exception on one line, with the line of the file that it comes from."""
    path, line = os.path.join(files.directory, name), None
    if isinstance(problem, SyntaxError) and problem.filename in (path, "<handlers>"):
        line = problem.lineno
    trace = problem.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    words = problem.msg if isinstance(problem, SyntaxError) else str(problem)
    place = f" (line {line})" if line else ""
    return ": ".join(filter(None, [type(problem).__name__, " ".join(words.split())])) + place
