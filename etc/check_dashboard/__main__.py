"""Works with the dashboard of a real runner in a real Chromium; see etc/check-dashboard."""

import argparse
import pathlib
import subprocess
import sys
import time

import audit
import cluster
import hostile
import work
from browser import Browser, Wrong
from runner import Runner

START = time.monotonic()


def tell(words):
    print(f"{time.monotonic() - START:6.1f} s  {words}", flush=True)


def check_traffic(browser, origin, expected):
    """The console is silent but for what is expected, and nothing was asked of anybody else."""
    said = [words for words in browser.said() if not any(part in words for part in expected)]
    if said:
        raise Wrong("the console says:\n" + "\n".join(said[:10]))
    addresses = browser.asked()
    outside = {url for url in addresses if not url.startswith((origin + "/", "data:", "about:", "chrome"))}
    if outside or not addresses:
        raise Wrong(f"of {len(addresses)} addresses these are outside: {outside}")
    if any("mr_" in url for url in addresses):
        raise Wrong("a token is in an address")


def steps(browser, runner, pictures):
    """Does everything in turn; what is wrong with the pages is gathered."""
    work.sign_in_first(browser, runner)
    tell("signed in")
    # The runner's words about no token, and about a wrong one.
    check_traffic(browser, runner.origin, ["status of 401"])
    workflow = work.make_data(runner)
    job = work.submit_and_watch(browser, runner)
    tell("submitted a job, and saw it wait, run and end")
    work.cancel(browser, runner)
    work.retry(browser, runner)
    tell("cancelled one, and tried a dead one again")
    last = work.dependencies(browser, runner, workflow)
    tell("looked at what jobs depend on")
    work.hostile_job(browser, runner)
    tell("looked at what a hostile job says")
    failed = runner.submit("false", max_attempts=1)
    browser.wait("one has failed", lambda: runner.state(failed) == "failed")
    running, waiting = work.fill_up(runner)
    pages = [
        "#/",
        f"#/jobs/{job}",
        f"#/jobs/{running}",
        f"#/jobs/{waiting}",
        f"#/jobs/{last}",
        "#/history",
        "#/handlers",
        "#/schedules",
        "#/schedules/often",
        "#/workflows",
        f"#/workflows/{workflow}",
        "#/dead",
        "#/submit",
    ]
    wrong = audit.look_at_all(browser, pages, pictures)
    tell(f"looked at {len(pages)} pages on a screen and on a phone")
    audit.walk_by_keyboard(browser, pages)
    tell("walked by keyboard")
    work.quarantine(browser, runner)
    tell("looked at a build in quarantine")
    work.history(browser, runner)
    check_traffic(browser, runner.origin, [])
    cluster.check_absent(browser)
    check_traffic(browser, runner.origin, ["status of 404"])
    with cluster.front(browser, runner, running) as front:
        wrong += cluster.check(browser, front, pictures)
    check_traffic(browser, front.origin, ["status of 401"])
    tell("looked at a cluster that there is not")
    browser.driver.get(runner.origin + "/#/history")
    work.refusal(browser, runner)
    check_traffic(browser, runner.origin, ["status of 403"])
    tell("filtered the history, and was refused as a viewer")
    hostile.check(browser, runner)
    tell("looked at hostile pages")
    if wrong:
        raise Wrong("\n".join(wrong))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--pictures", type=pathlib.Path)
    options = parser.parse_args()
    # A test kernel has a loopback interface that is down.
    subprocess.run(["ip", "link", "set", "lo", "up"], check=False, stderr=subprocess.DEVNULL)
    runner = Runner(options.programs.resolve())
    wrong, browser = [], None
    try:
        runner.wait_until_ready()
        tell("the runner is ready")
        browser = Browser(runner.origin, "MAP evil.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
        tell("Chromium is ready")
        steps(browser, runner, options.pictures)
    except Wrong as error:
        wrong.append(str(error))
        if options.pictures and browser:
            browser.picture(options.pictures / "wrong.png")
    finally:
        if browser:
            browser.stop()
        end = runner.stop()
    if end:
        wrong.append(end)
    tell("something is wrong" if wrong else "all is well")
    if wrong:
        sys.exit("error: " + "\n".join(wrong))


main()
