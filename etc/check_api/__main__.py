"""Starts a runner, makes data of each kind, and has schemathesis ask it everything; see etc/check-api."""

import argparse
import collections
import gc
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import schemathesis
import schemathesis.cli
import urllib3.util.connection

import data
import safety

HERE = pathlib.Path(__file__).resolve().parent
DOCUMENT = HERE.parent.parent / "docs" / "openapi.yaml"
PLUGINS = ["exec", "checksum", "wordcount", "spin", "lookup"]


class Runner:
    """A runner of its own, in a directory that goes with it."""

    def __init__(self, programs):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="millrace-api.", dir=run_directory()))
        self.directory.chmod(0o755)
        plugins = self.directory / "plugins"
        plugins.mkdir()
        for name in PLUGINS:
            shutil.copy(programs / f"lib{name}.so", plugins)
        self.socket = str(self.directory / "run" / "millrace.sock")
        for name in ("run", "spool"):
            (self.directory / name).mkdir()
        # A cluster that does not answer.
        configuration = self.directory / "millrace.yaml"
        configuration.write_text(f"slurm: {{spool: {self.directory}/spool}}\n")
        self.log = open(self.directory / "log", "wb")
        self.process = subprocess.Popen(
            [programs / "millraced", "--config", configuration, "--state", self.directory / "state",
             "--plugins", plugins, "--socket", self.socket], stderr=self.log)

    def wait_until_ready(self):
        while not pathlib.Path(self.socket).exists():
            if self.process.poll() is not None:
                sys.exit(f"the runner did not start:\n{self.last_words()}")
            time.sleep(0.05)

    def last_words(self):
        return "\n".join((self.directory / "log").read_text(errors="replace").splitlines()[-20:])

    def stop(self):
        """Returns what is wrong with its end; None if nothing."""
        if self.process.poll() is not None:
            return f"the runner ended by itself with {self.process.returncode}:\n{self.last_words()}"
        self.process.terminate()
        try:
            status = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return f"the runner did not stop within 60 s:\n{self.last_words()}"
        return None if status == 0 else f"the runner stopped with {status}:\n{self.last_words()}"


def run_directory():
    return "/run" if pathlib.Path("/run").is_mount() else None


def connect_to(path):
    """Has everything that is asked of any host go to a Unix socket."""

    def connect(address, timeout=None, **_):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(timeout if isinstance(timeout, (int, float)) else 30)
        connection.connect(path)
        return connection

    urllib3.util.connection.create_connection = connect


@schemathesis.serializer("application/jsonl")
def as_lines(_, value):
    lines = value if isinstance(value, list) else [value]
    return "\n".join(json.dumps(line) for line in lines)


class Tally:
    """What was asked, by operation and check."""

    def __init__(self):
        self.cases = 0
        self.phases = collections.Counter()
        self.checks = collections.Counter()
        self.statuses = collections.defaultdict(collections.Counter)
        self.seconds = collections.Counter()
        self.errors = []

    def note(self, event):
        kind = type(event).__name__
        if kind == "ScenarioFinished":
            self.phases[event.phase.value] += len(event.recorder.interactions)
            self.cases += len(event.recorder.interactions)
            self.seconds[event.recorder.label] += event.elapsed_time
            for checks in event.recorder.checks.values():
                self.checks.update(check.name for check in checks)
            for number, interaction in event.recorder.interactions.items():
                case = event.recorder.cases[number].value
                answer = interaction.response.status_code if interaction.response else "no answer"
                self.statuses[case.operation.label][answer] += 1
        elif kind in ("NonFatalError", "FatalError"):
            self.errors.append(str(getattr(event, "value", None) or event.exception))

    @property
    def operations(self):
        return max(1, len(self.statuses))

    def show(self):
        print("\ncases  check")
        for name, count in sorted(self.checks.items()):
            print(f"{count:6} {name}")
        print("\ncases  time  operation, with its answers")
        for label, answers in sorted(self.statuses.items()):
            words = ", ".join(f"{status}: {count}" for status, count in sorted(answers.items(), key=str))
            print(f"{sum(answers.values()):6} {self.seconds[label]:4.0f}s {label}  ({words})")
        print("\n" + ", ".join(f"{count} of {phase.lower()}" for phase, count in self.phases.items()))

    def without_success(self):
        return [label for label, answers in sorted(self.statuses.items())
                if not any(str(status).startswith("2") for status in answers)]


def ask(tally, options, phases, count, seed):
    """Runs schemathesis once; returns its exit status."""
    arguments = [
        "--config-file", str(HERE / "schemathesis.toml"), "run", str(DOCUMENT),
        "--url", "http://localhost", "--checks", "all", "--mode", "all", "--phases", phases,
        "--max-examples", str(count), "--seed", str(seed), "--no-color"]
    if options.operation:
        arguments += ["--include-operation-id", options.operation]
    try:
        return schemathesis.cli.schemathesis.main(arguments, standalone_mode=False) or 0
    except SystemExit as end:
        return end.code or 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--operation")
    options = parser.parse_args()

    gc.set_threshold(100_000, 20, 100)  # There is memory, and one processor.
    start = time.monotonic()
    tally = Tally()

    @schemathesis.cli.handler()
    class Counter(schemathesis.cli.EventHandler):
        def handle_event(self, ctx, event):
            tally.note(event)

    runner = Runner(options.programs.resolve())
    os.chdir(runner.directory)  # Python's libraries leave things where they are started.
    runner.wait_until_ready()
    connect_to(runner.socket)
    wrong = []
    try:
        data.make(runner.directory)
        safety.register(options.seed, runner.directory)
        count = max(1, options.cases // 120)
        status = ask(tally, options, "examples,coverage,fuzzing,stateful", count, options.seed)
        seed = options.seed
        # How many cases an operation has depends on how much there is to ask of it.
        while not status and tally.cases < options.cases and not options.operation:
            seed += 1
            missing = (options.cases - tally.cases) // tally.operations + 1
            status = ask(tally, options, "fuzzing", min(count, missing + missing // 3), seed)
        if status:
            wrong.append("there are violations: they are above")
        if not options.operation:
            wrong += data.check_by_hand(runner.directory / "plugins")
    finally:
        end = runner.stop()
    wrong += tally.errors
    if end:
        wrong.append(end)
    tally.show()
    if not options.operation:
        wrong += [f"`{label}` was never answered with success" for label in tally.without_success()
                  if label not in data.BY_HAND]
        if tally.cases < options.cases:
            wrong.append(f"only {tally.cases} cases")
    print(f"{tally.cases} cases in {time.monotonic() - start:.0f} s, seed {options.seed}: "
          f"{len(wrong) or 'nothing'} wrong")
    for words in wrong:
        print(f"error: {words}", file=sys.stderr)
    if wrong:
        print(f"\nthe runner's log ended with\n{runner.last_words()}", file=sys.stderr)
    os.chdir("/")
    shutil.rmtree(runner.directory, ignore_errors=True)
    sys.exit(1 if wrong else 0)


main()
