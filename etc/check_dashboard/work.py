"""What somebody does with the dashboard: looks, submits, holds, cancels, retries."""

import json
import re

from browser import Wrong

# What other people may call things, and what must not come of it.
HOSTILE = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>'


def expect(is_right, words):
    if not is_right:
        raise Wrong(words)


def sign_in(browser, token, wrong=None):
    """Enters a token; a wrong one must be told as such, before the right one."""
    if wrong:
        browser.fill("#token", wrong)
        browser.click("main button[type=submit]")
        browser.wait("a wrong token is told as such", lambda: "nobody's" in browser.text("#token-mistake"))
    browser.fill("#token", token)
    browser.click("main button[type=submit]")
    browser.wait("the stream is there", lambda: browser.text("#link") == "live")


def sign_in_first(browser, runner):
    browser.driver.get(runner.origin + "/")
    browser.find("#token")
    sign_in(browser, runner.tokens["operator"], wrong="guess")
    browser.wait("the overview is there", lambda: "healthy" in browser.text("main"))
    browser.run("window.mark = 1")
    kept = browser.run("return [document.cookie, location.href, JSON.stringify({ ...localStorage })]")
    expect(not any(runner.tokens["operator"] in text for text in kept), f"the token is in {kept}")


def make_data(runner):
    """Makes what the pages show beside what is done by hand."""
    wait = {"handler": "exec", "memory_bytes": 32 << 20, "parameters": {"command": ["sleep", "600"]}}
    true = {"handler": "exec", "memory_bytes": 32 << 20, "parameters": {"command": ["true"]}}
    for _ in range(3):
        runner.submit("true", labels={"owner": "ada"})
    workflow = runner.ask(
        "POST",
        "/workflows",
        {
            "name": "nightly",
            "jobs": [
                {**true, "step": "load"},
                {**true, "step": f"sum {HOSTILE}", "after": [{"position": 0}]},
                {**wait, "step": "check", "after": [{"position": 0}]},
                {**true, "step": "publish", "after": [{"position": 1}, {"position": 2}]},
            ],
        },
    )["workflow"]
    for name, when in (
        ("nightly", {"cron": "30 2 * * *", "timezone": "Europe/Berlin"}),
        ("often", {"every": "1h"}),
    ):
        runner.ask(
            "POST",
            "/schedules",
            {"name": name, **when, "job": {"handler": "exec", "command": ["true"], "memory": "32M"}},
        )
    runner.ask("POST", "/schedules/often/run")
    runner.ask("POST", "/schedules/nightly/pause")
    return workflow


def fill_up(runner):
    """Takes all slots; returns a job that runs and one that waits."""
    running = runner.ask("POST", "/jobs", {
        "handler": "balloon", "parameters": {"memory": 44 << 20, "hold": 3600}, "memory_bytes": 64 << 20,
        "labels": {"owner": "grace", "run": "weekly"}})["id"]
    waiting = [runner.submit("sleep", "600", labels={"owner": "lin"}) for _ in range(6)]
    return running, waiting[-1]


def row(browser, section, key):
    """The text of a row of a table; empty if it is not there."""
    return browser.text(f"section[aria-label='{section}'] tr[data-key='{key}']")


def submit_and_watch(browser, runner):
    """A job by the form: on hold in the queue, released, running with a log that grows, ended."""
    go = runner.directory / "go"
    script = f"echo begin; while [ ! -e {go} ]; do sleep 0.2; done; echo the end"
    browser.open("#/submit")
    browser.run(
        "document.getElementById('s-handler').value = 'exec';"
        "document.getElementById('s-handler').dispatchEvent(new Event('change'))"
    )
    browser.fill("#s-parameters", json.dumps({"command": ["sh", "-c", script]}))
    browser.fill("#s-memory", "64M")
    browser.fill("#s-labels", "made=by hand")
    browser.click("#s-hold")
    browser.click("main form .quiet")
    browser.wait("it is rehearsed", lambda: "Expected memory" in browser.text("main form"))
    browser.click("main form button[type=submit]")
    browser.wait(
        "the job's page is shown",
        lambda: re.match(
            r"#/jobs/\d+$", browser.run("return document.getElementById('main').dataset.shown")
        ),
    )
    job = int(browser.run("return location.hash").split("/")[2])
    browser.wait("it is on hold", lambda: "queued · on hold" in browser.text("main"))
    browser.wait("its gates tell why", lambda: "hold" in browser.text("section[aria-label='Gates']"))
    browser.open("#/")
    browser.wait("it is in the queue", lambda: "made=by hand" in row(browser, "Queue", job))
    browser.click(f"button[aria-label='Release job {job}']")
    browser.wait("it moves to what runs", lambda: "running" in row(browser, "Running", f"{job}.1"))
    browser.wait(
        "its memory is told",
        lambda: re.search(r"[\d.]+ [KM]iB / 64 MiB", row(browser, "Running", f"{job}.1")),
    )
    browser.open(f"#/jobs/{job}")
    browser.wait("its log is told", lambda: browser.text("pre.log").startswith("begin"))
    browser.wait(
        "its usage is drawn",
        lambda: "iB of 64 MiB"
        in (browser.run("return document.querySelector('canvas')?.getAttribute('aria-label')") or ""),
    )
    points = runner.ask("GET", f"/jobs/{job}/usage")["points"]
    expect(points and all(point["working_set_bytes"] > 0 for point in points), f"its usage is {points}")
    go.touch()
    browser.wait("its log grows", lambda: "the end" in browser.text("pre.log"))
    browser.wait("it ends", lambda: "succeeded" in browser.text("main .heading"))
    expect(browser.run("return window.mark") == 1, "the page was loaded anew")
    return job


def cancel(browser, runner):
    job = runner.submit("sleep", "600", labels={"owner": "grace"})
    browser.open("#/")
    browser.wait("it runs", lambda: "running" in row(browser, "Running", f"{job}.1"))
    browser.click(f"button[aria-label='Cancel job {job}']")
    browser.wait("it is gone", lambda: not row(browser, "Running", f"{job}.1"))
    browser.wait("the job is cancelled", lambda: runner.state(job) == "cancelled")
    browser.open(f"#/jobs/{job}")
    browser.wait("its page says so", lambda: "cancelled" in browser.text("main .heading"))


def retry(browser, runner):
    flag = runner.directory / "flag"
    job = runner.submit("test", "-e", str(flag), max_attempts=1)
    browser.open("#/dead")
    browser.wait("it is among the dead", lambda: "exit" in row(browser, "Failed jobs", job))
    flag.touch()
    browser.click(f"button[aria-label='Retry, job {job}']")
    browser.wait("it is not dead any more", lambda: not row(browser, "Failed jobs", job))
    browser.wait("it succeeds", lambda: runner.state(job) == "succeeded")
    flag.unlink()
    several = [runner.submit("test", "-e", str(flag), max_attempts=1) for _ in range(2)]
    browser.wait("all are among the dead", lambda: all(row(browser, "Failed jobs", job) for job in several))
    flag.touch()
    browser.click("section[aria-label='Failed jobs'] .bar button")
    browser.wait("all succeed", lambda: all(runner.state(job) == "succeeded" for job in several))
    browser.wait("there is nothing to do", lambda: "No job has failed" in browser.text("main"))


def dependencies(browser, runner, workflow):
    """The page of a job has the graph of its workflow, or of the jobs that it needs; both move."""
    steps = runner.ask("GET", f"/workflows/{workflow}")["steps"]
    jobs = {step["name"]: step["jobs"][0]["id"] for step in steps}
    last = runner.submit("true", after=[{"job": jobs["load"]}, {"job": jobs["check"], "condition": "any"}])
    drawing = "section[aria-label='What it depends on'] svg"
    names = f"return [...document.querySelectorAll(\"{drawing} a\")].map((link) => link.ariaLabel)"
    here = f"return document.querySelector(\"{drawing} a[aria-current]\")?.ariaLabel"
    browser.open(f"#/jobs/{jobs['publish']}")
    browser.wait("its workflow is drawn", lambda: len(browser.run(names)) == 4)
    expect(browser.run(here) == f"publish: blocked · job {jobs['publish']}", browser.run(here))
    browser.open(f"#/jobs/{last}")
    browser.wait("what it needs is drawn", lambda: len(browser.run(names)) == 3)
    expect(browser.run(here).startswith(f"job {last}: blocked"), browser.run(here))
    runner.ask("POST", f"/jobs/{jobs['check']}/cancel")
    browser.wait("the drawing moves", lambda: browser.run(here) == f"job {last}: succeeded · job {last}")
    return last


def hostile_job(browser, runner):
    """A job whose every text is an attempt at the page."""
    job = runner.submit(
        "printf", "%s\\n", HOSTILE, labels={"x": HOSTILE}, step=HOSTILE, **{"class": HOSTILE[:200]}
    )
    browser.wait("it has ended", lambda: runner.state(job) == "succeeded")
    browser.open(f"#/jobs/{job}")
    browser.wait("its log is shown as it is", lambda: HOSTILE in browser.text("pre.log"))
    expect(
        HOSTILE in browser.text("section[aria-label='Limits and links'] .labels"),
        "its label is not as it is",
    )
    for page in ("#/history", "#/"):
        browser.open(page)
        expect(browser.run("return window.pwned") is None, f"{page} runs what a job says")
        expect(
            not browser.run("return document.querySelector('main img, main script')"),
            f"{page} has its elements",
        )
    return job


def quarantine(browser, runner):
    """A build that is no plugin is told of, with the one that serves in its place."""
    browser.open("#/handlers")
    browser.wait("the plugin is there", lambda: "build" in browser.text("section[aria-label='spin']"))
    rubbish = runner.directory / "rubbish"
    rubbish.write_text("no plugin")
    rubbish.chmod(0o755)
    rubbish.rename(runner.directory / "plugins" / "libspin.so")
    browser.wait(
        "its quarantine is told", lambda: "in quarantine since" in browser.text("section[aria-label='spin']")
    )
    browser.click("section[aria-label='spin'] summary")
    browser.wait(
        "its builds are listed",
        lambda: re.search(
            "quarantined.*\n.*serving", browser.text("section[aria-label='spin'] details"), re.DOTALL
        ),
    )


def history(browser, runner):
    browser.open("#/history")
    browser.fill("#f-label", "owner=ada")
    browser.click("main form button[type=submit]")
    browser.wait(
        "the address has the filter", lambda: "label=owner%3Dada" in browser.run("return location.hash")
    )
    count = "return document.querySelectorAll(\"section[aria-label='Attempts'] tbody tr\").length"
    browser.wait("the rows are those", lambda: browser.run(count) == 3)
    shared = browser.run("return location.href")
    browser.driver.get("about:blank")
    browser.driver.get(shared)
    browser.wait("the address shows the same", lambda: browser.run(count) == 3)
    expect(browser.find("#f-label").get_attribute("value") == "owner=ada", "the filter is not in its field")
    browser.driver.get(runner.origin + "/#/history?min_memory=plenty")
    browser.wait("what is no size is told", lambda: "is no size" in browser.text("[role=alert]"))


def refusal(browser, runner):
    """A viewer is told by the runner's own words what they may not do."""
    job = runner.submit("sleep", "600")
    browser.click("#sign-out")
    expect(browser.run("return sessionStorage.length") == 0, "the token is still there")
    sign_in(browser, runner.tokens["viewer"])
    browser.open(f"#/jobs/{job}")
    browser.click(f"button[aria-label='Cancel job {job}']")
    browser.wait(
        "it is refused in words",
        lambda: "is viewer, and this takes submitter" in browser.text("[role=alert]"),
    )
    expect(runner.state(job) != "cancelled", "a viewer has cancelled a job")
    runner.ask("POST", f"/jobs/{job}/cancel")
