"""Data of each kind in a runner, so that there is something to ask for; and what is asked by hand."""

import hashlib
import hmac
import os
import time

import requests

SECRET = b"0123456789abcdef0123456789abcdef"
# The jobs that have a result, and that have failed.
RESULT, FAILED = 25, 26
# These can't be asked with success by chance: `check_by_hand` does.
BY_HAND = ["POST /v1/handlers/{name}/rollback", "POST /v1/hooks/{name}"]
SCHEDULES = {
    "nightly": {"cron": "30 2 * * *", "timezone": "Europe/Berlin"},
    "uploads": {"event": "upload.*", "where": {"data.bytes": {"min": 1}}},
    "hook": {"webhook": {"signature": "github"}},
    "watch": {"files": {}},
}


def call(method, path, body=None, status=None, **options):
    answer = requests.request(method, "http://localhost" + path, json=body, timeout=90, **options)
    if status and answer.status_code != status:
        raise SystemExit(f"{method} {path} was answered with {answer.status_code}: {answer.text}")
    return answer


def job(body, **more):
    body = {"handler": "exec", "memory_bytes": 64 << 20, **body, **more}
    return call("POST", "/v1/jobs", body, 201).json()["id"]


def failed_job():
    """Makes a job that has failed."""
    number = job(command("false"), max_attempts=1)
    call("GET", f"/v1/jobs/{number}/wait?timeout=5", status=200)
    return number


def command(*words, **more):
    return {"parameters": {"command": list(words), **more}}


def make(directory):
    """Makes jobs in each state, a workflow, schedules and events."""
    while len(call("GET", "/v1/handlers").json()["plugins"]) < 5:
        time.sleep(0.1)
    short = {"handler": "exec", "class": "short", "memory_bytes": 32 << 20, **command("true")}
    call("POST", "/v1/jobs/batch", {"jobs": [short] * 24}, 201)
    result = job(command("echo", "a result", capture=True), labels={"owner": "ada"})
    failed = job(command("false"), max_attempts=1)
    held = job(command("true"), hold=True, group="one")
    job(command("true"), after=[{"job": held}])
    job(command("true"), not_before="2099-01-01T00:00:00Z", key="a-key")
    job({"handler": "sleep", "parameters": {"seconds": 86400}}, timeout_seconds=100_000)
    call("POST", "/v1/workflows", {"name": "two-steps", "jobs": [
        {**short, "step": "load"}, {**short, "step": "sum", "after": [{"position": 0}]}]}, 201)
    call("POST", "/v1/workflows", {"name": "broken", "jobs": [
        {**short, "step": "fail", "max_attempts": 1, **command("false")}]}, 201)
    make_schedules(directory)
    for number in range(3):
        call("POST", "/v1/events", {"specversion": "1.0", "id": f"up-{number}", "source": "/uploads",
                                    "type": "upload.done", "data": {"bytes": number}}, 201)
    if (result, failed) != (RESULT, FAILED):
        raise SystemExit(f"the jobs have other numbers: {result}, {failed}")
    for number in (result, failed):
        call("GET", f"/v1/jobs/{number}/wait?timeout=60", status=200)


def make_schedules(directory):
    secret, watched = directory / "secret", directory / "watched"
    secret.write_bytes(SECRET)
    secret.chmod(0o600)
    watched.mkdir()
    template = {"handler": "exec", "command": ["true"], "memory": "32M"}
    SCHEDULES["hook"]["webhook"]["secret_file"] = str(secret)
    SCHEDULES["watch"]["files"]["directory"] = str(watched)
    for name, definition in SCHEDULES.items():
        definition["job"] = template
        call("POST", "/v1/schedules", {"name": name, **definition}, 201)
    call("POST", "/v1/schedules/nightly/run", status=201)
    call("POST", "/v1/schedules/nightly/backfill", {"from": "2026-03-28", "to": "2026-03-31"}, 200)


def check_by_hand(plugins):
    """Asks for what takes long or would destroy what the others are asked about; returns what is wrong."""
    wrong = []
    for check, *arguments in ((check_rollback, plugins / "libspin.so"), (check_webhook,), (check_follow,),
                              (check_wait,), (check_prune,), (check_drain,)):
        try:
            check(*arguments)
        except AssertionError as error:
            wrong.append(f"{check.__name__}: {error}")
    return wrong


def demand(truth, words):
    if not truth:
        raise AssertionError(words)


def check_rollback(plugin):
    """Puts a new build of a plugin in its place, and takes it back."""
    first = builds("GET", "builds")
    new = plugin.with_suffix(".new")
    new.write_bytes(plugin.read_bytes() + b"\0")
    os.replace(new, plugin)
    end = time.monotonic() + 60
    while (second := builds("GET", "builds")) == first:
        demand(time.monotonic() < end, "the new build of `spin` is not in use")
        time.sleep(0.1)
    demand(second[1:] == first, f"{second} after {first}")
    third = builds("POST", "rollback")
    demand(sorted(third) == sorted(second), f"a rollback changes which builds there are: {third}")


def builds(method, what):
    """The SHA-256 of the builds of `spin`, the newest first."""
    answer = call(method, f"/v1/handlers/spin/{what}", status=200).json()
    return [build["sha256"] for build in answer["builds"]]


def check_webhook():
    call("PUT", "/v1/schedules/hook", SCHEDULES["hook"], 200)
    call("POST", "/v1/schedules/hook/resume")
    body = b'{"action": "opened"}'
    code = hmac.new(SECRET, body, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": f"sha256={code}", "X-GitHub-Delivery": "by-hand",
               "Content-Type": "application/json"}
    for status in (201, 200):
        answer = call("POST", "/v1/hooks/hook", data=body, headers=headers)
        demand(answer.status_code == status and set(answer.json()) == {"number", "new"}, answer.text)


def check_follow():
    number = job(command("sh", "-c", "echo one; sleep 1; echo two"))
    call("GET", f"/v1/jobs/{number}/wait?timeout=1")
    answer = call("GET", f"/v1/jobs/{number}/logs?follow=true")
    demand(answer.status_code in (200, 404), answer.text)
    with requests.get("http://localhost/v1/events/stream?last=3", stream=True, timeout=30) as stream:
        lines = [line for line, _ in zip(stream.iter_lines(), range(4))]
        demand(stream.status_code == 200 and lines[0].startswith(b"retry:"), f"{lines}")


def check_wait():
    number = job({"handler": "sleep", "parameters": {"seconds": 1}}, timeout_seconds=60)
    answer = call("GET", f"/v1/jobs/{number}/wait?timeout=60")
    demand(answer.json()["state"] == "succeeded", answer.text)


def check_prune():
    answer = call("POST", "/v1/prune", {"older_than_seconds": 0, "vacuum": True})
    demand(answer.status_code == 200 and not answer.json()["dry_run"], answer.text)
    demand(call("GET", f"/v1/jobs/{RESULT}").status_code == 404, "a job is there after a pruning")


def check_drain():
    call("POST", "/v1/jobs/cancel", {"states": ["running", "queued", "starting"]}, 200)
    answer = call("POST", "/v1/drain", {"wait_seconds": 60})
    demand(answer.status_code == 200 and answer.json()["state"] == "paused", answer.text)
    call("POST", "/v1/resume", status=200)
