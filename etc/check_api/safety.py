"""What schemathesis asks is changed a little, where it would wait, stop the runner, or write elsewhere."""

import random

import schemathesis

import data

HANDLERS = {"exec": {"command": ["true"]}, "sleep": {"seconds": 0.01}}
SETTINGS = [("capacity.slots", "8"), ("policy", "fcfs"), ("capacity.slots", "6")]


class Safety:
    def __init__(self, seed, directory):
        self.draw = random.Random(seed)
        self.directory = directory
        self.calls = 0
        self.schedules = []

    def before(self, case):
        name = case.operation.definition.raw["operationId"]
        is_right = case.meta is not None and case.meta.generation.mode.is_positive
        query, body = case.query, case.body
        if is_right and self.draw.random() < 0.4:
            self.make_target(name, case)
        if name == "removeSchedule" and case.path_parameters.get("name") in data.SCHEDULES:
            case.path_parameters["name"] = "gone"
        if name == "waitForJob" and is_right:
            query["timeout"] = 0.02
        elif name in ("streamEvents", "jobLogs") and (is_right or query.get("follow") in (True, "true")):
            query["follow"] = "false"
        elif name == "streamEvents" and "follow" not in query:
            query["follow"] = "false"
        if is_right and isinstance(body, list) and name == "submitBatch":
            for place, job in enumerate(body):
                self.narrow_job(job, place)
        if not isinstance(body, dict):
            return
        if isinstance(body.get("wait_seconds"), (int, float)) and 0 <= body["wait_seconds"] <= 60:
            body["wait_seconds"] = 0.02
        if name == "prune" and body.get("dry_run") in (None, False):
            body["dry_run"] = True
        if name == "backup" and isinstance(body.get("directory"), str) and body["directory"].startswith("/"):
            body["directory"] = f"{self.directory}/backup-{self.calls}"
        if is_right and self.draw.random() < 0.8:
            self.narrow(name, body)

    def make_target(self, name, case):
        """Makes what the case can be done to."""
        if name in ("holdJob", "reprioritiseJob", "cancelJob", "releaseJob"):
            is_held = name != "holdJob"
            case.path_parameters["id"] = data.job(data.command("true"), hold=is_held, not_before="2099-01-01")
        elif name == "cancelWorkflow":
            jobs = [{"handler": "exec", "step": "one", "hold": True, **data.command("true")}]
            answer = data.call("POST", "/v1/workflows", {"name": "to-cancel", "jobs": jobs}, 201)
            case.path_parameters["id"] = answer.json()["workflow"]
        elif name == "removeSchedule":
            self.calls += 1
            case.path_parameters["name"] = f"spare-{self.calls}"
            definition = {"name": f"spare-{self.calls}", **data.SCHEDULES["nightly"]}
            data.call("POST", "/v1/schedules", definition, 201)
        elif name == "resume" and isinstance(case.body, dict):
            case.body.clear()
            data.call("POST", "/v1/pause")

    def narrow(self, name, body):
        """Makes of what could be right on some machine what is right on this one."""
        if name in ("submitJob", "rehearseJob"):
            self.narrow_job(body, None)
        elif name in ("submitBatch", "submitWorkflow"):
            for place, job in enumerate(body["jobs"]):
                self.narrow_job(job, place)
        elif name == "setSetting":
            body["name"], body["value"] = self.draw.choice(SETTINGS)
        elif name == "unsetSetting":
            body["name"] = self.draw.choice(SETTINGS)[0]
        elif name in ("addSchedule", "editSchedule"):
            for member in ("cron", "at", "event", "files", "webhook", "where", "debounce", "batch", "until"):
                body.pop(member, None)
            for member in ("dst_gap", "dst_repeat", "timezone", "exclude_calendars", "require_calendars"):
                body.pop(member, None)
            body.pop("on_excluded_day", None)
            body["every"] = "1h"
            body["name"] = f"made-{self.calls}"
            body["job"] = {"handler": "exec", "command": ["true"]}
            if name == "editSchedule":
                body.pop("name", None)
        elif name == "backfillSchedule":
            body["from"], body["to"] = "2026-04-01", "2026-04-03"
        elif name in ("retryDead",):
            body["ids"] = [26]

    def narrow_job(self, job, place):
        job["handler"] = self.draw.choice(list(HANDLERS))
        job["parameters"] = HANDLERS[job["handler"]]
        for member in ("arguments", "io", "unique"):
            job.pop(member, None)
        for member, most in (("memory_bytes", 64 << 20), ("cpu_millis", 500), ("pids", 64)):
            if isinstance(job.get(member), (int, float)):
                job[member] = min(job[member], most)
        if isinstance(job.get("after"), list):
            for needed in job["after"]:
                needed.pop("position", None)
                needed["job"] = self.draw.randint(1, 25)
            if len(job["after"]) > 1:
                del job["after"][1:]
        if isinstance(job.get("retry_on"), list) and "none" in job["retry_on"]:
            job["retry_on"] = ["none"]

    def after(self, case, response):
        self.calls += 1
        name = case.operation.definition.raw["operationId"]
        if not 200 <= response.status_code < 300:
            return
        if name in ("pause", "drain"):
            station = response.json()
            data.call("POST", "/v1/resume", {station["kind"]: station["name"]} if "name" in station else {})
        elif name == "addSchedule" and response.json()["name"] not in data.SCHEDULES:
            self.schedules.append(response.json()["name"])
            if len(self.schedules) > 20:
                data.call("DELETE", f"/v1/schedules/{self.schedules.pop(0)}")
        if self.calls % 200 == 0:
            data.call("POST", "/v1/jobs/cancel", {"states": ["scheduled", "blocked", "queued"]})


def register(seed, directory):
    safety = Safety(seed, directory)

    @schemathesis.hook
    def before_call(context, case, kwargs):
        safety.before(case)

    @schemathesis.hook
    def after_call(context, case, response):
        safety.after(case, response)
