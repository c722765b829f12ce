"""A runner of its own with the dashboard, tokens and data, in a directory that goes with it."""

import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
UNFINISHED = ["blocked", "scheduled", "queued", "starting", "running"]
PLUGINS = ["exec", "balloon", "spin"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Runner:
    def __init__(self, programs):
        self.directory = pathlib.Path(
            tempfile.mkdtemp(
                prefix="millrace-dashboard.", dir="/run" if pathlib.Path("/run").is_mount() else None
            )
        )
        self.directory.chmod(0o755)
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        plugins = self.directory / "plugins"
        plugins.mkdir()
        for name in PLUGINS:
            shutil.copy(programs / f"lib{name}.so", plugins)
        subprocess.run([ROOT / "etc" / "dashboard", self.directory], check=True)
        self.tokens = {role: self.make_token(programs, role) for role in ("viewer", "operator")}
        (self.directory / "millrace.yaml").write_text(
            json.dumps(
                {
                    "dashboard": str(self.directory / "dashboard"),
                    "capacity": {"slots": 4},
                    "access": {
                        "listen": f"127.0.0.1:{self.port}",
                        "tokens": str(self.directory / "tokens"),
                    },
                }
            )
        )
        self.log = open(self.directory / "log", "wb")
        self.process = subprocess.Popen(
            [
                programs / "millraced",
                "--state",
                self.directory / "state",
                "--plugins",
                plugins,
                "--config",
                self.directory / "millrace.yaml",
                "--socket",
                self.directory / "run" / "sock",
            ],
            stderr=self.log,
        )

    def make_token(self, programs, role):
        made = subprocess.run(
            [programs / "millrace", "token", "new", role, "--role", role],
            check=True,
            capture_output=True,
            text=True,
        )
        descriptor = os.open(self.directory / "tokens", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(made.stdout)
        return made.stderr.strip()

    def wait_until_ready(self):
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                if len(self.ask("GET", "/handlers")["plugins"]) == len(PLUGINS):
                    return
            except OSError:
                pass
            time.sleep(0.1)
        sys.exit(f"the runner did not start:\n{self.last_words()}")

    def ask(self, method, path, body=None):
        """Asks the API as its operator; returns the answer's JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Authorization": f"Bearer {self.tokens['operator']}", "Content-Type": "application/json"}
        connection.request(method, "/v1" + path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path} was answered with {answer.status}: {text}")
        return json.loads(text)

    def submit(self, *command, **more):
        body = {
            "handler": "exec",
            "memory_bytes": 64 << 20,
            "parameters": {"command": list(command)},
            **more,
        }
        return self.ask("POST", "/jobs", body)["id"]

    def state(self, job):
        return self.ask("GET", f"/jobs/{job}")["job"]["state"]

    def job_count(self):
        return len(self.ask("GET", "/jobs?limit=10000")["jobs"])

    def last_words(self):
        return "\n".join((self.directory / "log").read_text(errors="replace").splitlines()[-20:])

    def stop(self):
        """Returns what is wrong with its end; None if nothing."""
        if self.process.poll() is None:
            # What still runs would keep it, and would be left behind.
            self.ask("POST", "/jobs/cancel", {"states": UNFINISHED})
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
        wrong = (
            None
            if self.process.returncode == 0
            else (f"the runner ended with {self.process.returncode}:\n{self.last_words()}")
        )
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)
        return wrong
