"""Changes what schemathesis asks where it would wait for long, stop the others, or write elsewhere; and makes
most of what is right by the document right for this machine, too."""

import random

import schemathesis

import data

HANDLERS = {"exec": {"command": ["true"]}, "sleep": {"seconds": 0.01}}
SETTINGS = [("capacity.slots", "8"), ("policy", "fcfs"), ("capacity.slots", "6")]
# Beside these, a schedule that is made here has only when and what.
SCHEDULE_MEMBERS = ["name", "jitter", "max_runs", "catch_up", "window", "overlap"]
MOST = {"memory_bytes": 64 << 20, "cpu_millis": 500, "pids": 64}
SPARE_SCHEDULES = 20
CLEANED_AFTER = 200


class Safety:
    def __init__(self, seed, directory):
        self.draw = random.Random(seed)
        self.directory = directory
        self.calls = 0
        self.schedules = []

    def before(self, case):
        """Changes a case before it is sent; what is wrong with one stays wrong."""
        self.calls += 1
        name = case.operation.definition.raw["operationId"]
        is_right = case.meta is not None and case.meta.generation.mode.is_positive
        self.bound(name, case, is_right)
        if not is_right:
            return
        if self.draw.random() < 0.4:
            self.make_target(name, case)
        if self.draw.random() < 0.8 and isinstance(case.body, (dict, list)):
            self.narrow(name, case.body)

    def bound(self, name, case, is_right):
        query, body = case.query, case.body
        if name == "waitForJob" and is_right:
            query["timeout"] = 0.02
        if name in ("streamEvents", "jobLogs") and (is_right or query.get("follow", True) in (True, "true")):
            query["follow"] = "false"
        if name == "removeSchedule" and case.path_parameters.get("name") in data.SCHEDULES:
            case.path_parameters["name"] = "gone"
        if name == "editSchedule" and case.path_parameters.get("name") in data.SCHEDULES:
            case.path_parameters["name"] = "nightly"
        if not isinstance(body, dict):
            return
        seconds = body.get("wait_seconds")
        if name == "drain" and type(seconds) in (int, float) and 0 <= seconds <= 60:
            body["wait_seconds"] = 0.02
        if name == "prune" and body.get("dry_run") in (None, False):
            body["dry_run"] = True
        if name == "backup" and isinstance(body.get("directory"), str) and body["directory"].startswith("/"):
            body["directory"] = f"{self.directory}/backup-{self.calls}"

    def make_target(self, name, case):
        """Makes what the case can be done to."""
        if name in ("holdJob", "reprioritiseJob", "cancelJob", "releaseJob"):
            is_held = name != "holdJob"
            case.path_parameters["id"] = data.job(data.command("true"), hold=is_held, not_before="2099-01-01")
        elif name == "retryJob":
            case.path_parameters["id"] = data.failed_job()
        elif name == "cancelWorkflow":
            jobs = [{"handler": "exec", "step": "one", "hold": True, **data.command("true")}]
            answer = data.call("POST", "/v1/workflows", {"name": "to-cancel", "jobs": jobs}, 201)
            case.path_parameters["id"] = answer.json()["workflow"]
        elif name == "removeSchedule":
            case.path_parameters["name"] = f"spare-{self.calls}"
            definition = {"name": f"spare-{self.calls}", **data.SCHEDULES["nightly"]}
            data.call("POST", "/v1/schedules", definition, 201)
        elif name == "resume" and isinstance(case.body, dict):
            case.body.clear()
            data.call("POST", "/v1/pause")

    def narrow(self, name, body):
        """Makes of what could be right on some machine what is right on this one."""
        if name in ("submitJob", "rehearseJob"):
            self.narrow_job(body)
        elif name in ("submitBatch", "submitWorkflow"):
            for job in body if isinstance(body, list) else body["jobs"]:
                self.narrow_job(job)
        elif name == "setSetting":
            body["name"], body["value"] = self.draw.choice(SETTINGS)
        elif name == "unsetSetting":
            body["name"] = self.draw.choice(SETTINGS)[0]
        elif name in ("addSchedule", "editSchedule"):
            for member in set(body) - set(SCHEDULE_MEMBERS):
                del body[member]
            body.update(every="1h", job={"handler": "exec", "command": ["true"]}, name=f"made-{self.calls}")
            if name == "editSchedule":
                del body["name"]
        elif name == "backfillSchedule":
            body.update({"from": "2026-04-01", "to": "2026-04-03"})
        elif name == "retryDead":
            body["ids"] = [data.failed_job()]

    def narrow_job(self, job):
        job["handler"] = self.draw.choice(list(HANDLERS))
        job["parameters"] = HANDLERS[job["handler"]]
        for member in ("arguments", "io", "unique"):
            job.pop(member, None)
        for member, most in MOST.items():
            if isinstance(job.get(member), (int, float)):
                job[member] = min(job[member], most)
        if isinstance(job.get("after"), list):
            for needed in job["after"]:
                needed.pop("position", None)
                needed["job"] = self.draw.randint(1, data.RESULT)
            del job["after"][1:]
        if isinstance(job.get("retry_on"), list) and "none" in job["retry_on"]:
            job["retry_on"] = ["none"]

    def after(self, case, response):
        """Takes back what would stop the others, and what only grows."""
        name = case.operation.definition.raw["operationId"]
        if self.calls % CLEANED_AFTER == 0:
            data.call("POST", "/v1/jobs/cancel", {"states": ["scheduled", "blocked", "queued"]})
        if not 200 <= response.status_code < 300:
            return
        if name in ("pause", "drain"):
            station = response.json()
            data.call("POST", "/v1/resume", {station["kind"]: station["name"]} if "name" in station else {})
        elif name == "addSchedule" and response.json()["name"] not in data.SCHEDULES:
            # Not this one: the next check looks whether it is there.
            self.schedules.append(response.json()["name"])
            if len(self.schedules) > SPARE_SCHEDULES:
                data.call("DELETE", f"/v1/schedules/{self.schedules.pop(0)}")


def register(seed, directory):
    safety = Safety(seed, directory)

    @schemathesis.hook
    def before_call(context, case, kwargs):
        safety.before(case)

    @schemathesis.hook
    def after_call(context, case, response):
        safety.after(case, response)
