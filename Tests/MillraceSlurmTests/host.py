#!/usr/bin/python3
"""Stands in for `millrace-host batch DIRECTORY` in tests: keeps its part of the spool, and does in the place of
a handler what the parameter `do` says."""

import ctypes
import os
import re
import resource
import signal
import struct
import sys
import time

directory = sys.argv[2]
os.chdir(directory)
node = os.environ.get("SLURMD_NODENAME", "alone")
stopped_by_slurm = False


def main():
    manifest = [line.split(" ") for line in open("manifest").read().splitlines()]
    values = {line[0]: line[1] for line in manifest if len(line) == 2}
    host = Host(float(values["beat"]), float(values["fence"]))
    signal.signal(signal.SIGTERM, lambda *_: host.terminate())
    signal.signal(signal.SIGUSR1, lambda *_: None)
    host.beat()
    for line in manifest:
        if line[0] == "attempt" and host.goes_on():
            host.run(line[1], int(line[3]) / 1000)
    replace("done", f"reason {host.reason}\n")


class Host:
    def __init__(self, beat, fence):
        self.every, self.fence = beat, fence
        self.count = 0
        self.last = 0.0
        self.reason = "finished"

    def beat(self, running=""):
        if time.monotonic() - self.last < self.every:
            return
        self.count += 1
        replace("heartbeat", f"count {self.count}\nnode {node}\nrunning {running}\ntime {now()}\n")
        self.last = time.monotonic()

    def goes_on(self):
        if os.path.lexists("closed"):
            self.reason = "closed"
        return self.reason == "finished"

    def terminate(self):
        self.reason = "signal"

    def run(self, attempt, timeout):
        try:
            file = os.open(attempt + ".started", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            return
        began = now()
        os.write(file, f"node {node}\npid {os.getpid()}\ntime {began}\n".encode())
        os.close(file)
        deadline = time.monotonic() + timeout
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.setsid()
            Attempt(attempt).run()
        stopped, status = "", 0
        while True:
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                break
            self.beat(attempt)
            wanted = self.wanted(attempt, deadline)
            if wanted and not stopped:
                stopped = wanted
                os.kill(child, signal.SIGTERM)
            if wanted in ("kill", "closed"):
                os.kill(child, signal.SIGKILL)
            time.sleep(0.01)
        if not stopped and status:
            # Slurm sends its signal to all processes of a job, to this one maybe last.
            time.sleep(0.1)
            stopped = "term" if self.reason == "signal" else ""
        how = f"exit {os.waitstatus_to_exitcode(status)}"
        if os.WIFSIGNALED(status):
            how = f"signal {os.WTERMSIG(status)}"
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        text = f"node {node}\n{how}\ntime {now()}\nstarted {began}\n"
        text += f"cpu-user {int(used.ru_utime * 1e6)}\nmemory-peak {used.ru_maxrss << 10}\n"
        replace(attempt + ".ended", text + (f"stopped {stopped}\n" if stopped else ""))

    def wanted(self, attempt, deadline):
        if os.path.lexists("closed"):
            return "closed"
        if self.reason == "signal":
            return "term"
        if time.monotonic() > deadline:
            return "timeout"
        try:
            return open(attempt + ".stop").read().strip()
        except FileNotFoundError:
            return ""


class Attempt:
    def __init__(self, attempt):
        self.attempt = attempt

    def run(self):
        log = os.open(self.attempt + ".log", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        payload = open(self.attempt + ".payload", "rb").read()
        word, _, rest = re.search(rb'\{"do":"([^"]*)"\}', payload)[1].decode().partition(" ")
        getattr(self, word)(rest)
        self.leave(0)
        os._exit(0)

    def leave(self, status, result=None, code="", message=""):
        head = struct.pack(
            "<IiiIQQQQQq64s1024s128sii",
            0x6D6C726F, status, 0, result is not None, len(result or b""), 1 << 20, 0, 0, 0, 0,
            code.encode(), message.encode(), b"text/plain" if result else b"", 0, 0,
        )
        open(self.attempt + ".outcome", "wb").write(head + (result or b""))

    def nothing(self, _):
        pass

    def nap(self, seconds):
        time.sleep(float(seconds))

    def say(self, text):
        for word in text.split():
            os.write(1, word.encode() + b"\n")
            time.sleep(0.3)

    def result(self, text):
        self.leave(0, text.encode())
        os._exit(0)

    def fail(self, text):
        self.leave(1, code="made", message=text)
        os._exit(1)

    def crash(self, _):
        ctypes.string_at(0)

    def half(self, text):
        replace(self.attempt + ".progress", f"fraction 0.5\nmessage {text}\n")
        time.sleep(1)

    def wait(self, _):
        def end(*_):
            self.leave(1, code="cancelled", message="asked to stop")
            os._exit(1)

        signal.signal(signal.SIGTERM, end)
        time.sleep(300)

    def stay(self, _):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(300)

    def eat(self, mebibytes):
        held = bytearray(int(mebibytes) << 20)
        time.sleep(300)
        print(len(held))


def replace(name, text):
    with open(".host-" + name, "w") as file:
        file.write(text)
    os.rename(".host-" + name, name)


def now():
    return time.time_ns() // 1000


main()
