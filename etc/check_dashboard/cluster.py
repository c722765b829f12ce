"""A cluster whose every text is an attempt at the page, and what the page makes of it.

There is none: a server before the runner passes on what is asked, and puts a cluster into the answers.
"""

import contextlib
import http.client
import http.server
import json
import re
import threading

import audit
import work
from browser import Wrong

GIBIBYTE = 1 << 30
SHOWN = "return document.querySelector(\"nav a[data-page='nodes']\").checkVisibility()"


def node(name, state, **more):
    """A node as the API tells of it."""
    return {
        "name": name,
        "state": state,
        "word": state,
        "processors": 8,
        "processors_reserved": 0,
        "memory_bytes": 32 * GIBIBYTE,
        "memory_reserved_bytes": 0,
        "attempts": [],
        "attempt_count": 0,
        **more,
    }


class Front:
    """The runner at another port, with a cluster on which a job runs."""

    def __init__(self, runner, job):
        self.runner, self.job = runner, job
        self.trouble = None
        self.nodes = [
            node(
                "n1",
                "busy",
                word="mixed",
                processors_reserved=6,
                load=5.25,
                memory_reserved_bytes=31 * GIBIBYTE,
                memory_free_bytes=GIBIBYTE,
                attempts=[f"{job}.1"] + [f"{number}.1" for number in range(1000, 1011)],
                attempt_count=412,
                last_seen="2026-11-30T11:59:00.000Z",
            ),
            node("n2", "idle", memory_free_bytes=30 * GIBIBYTE),
            node("n3", "cooling", word="idle", cools_until="2026-11-30T12:01:00.000Z"),
            node(work.HOSTILE, "drained", word=work.HOSTILE, reason=work.HOSTILE),
            node("n5", "offline", word="down*", reason="Not responding"),
        ]
        front = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                front.answer(self)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, request):
        """Passes a request on, and changes what is told of the cluster."""
        path = request.path.split("?")[0]
        if path == "/v1/nodes":
            return self.send(request, 200, self.view())
        connection = http.client.HTTPConnection("127.0.0.1", self.runner.port, timeout=600)
        connection.request("GET", request.path, headers=dict(request.headers))
        found = connection.getresponse()
        try:
            if found.status == 200 and (change := self.change(path)):
                return self.send(request, 200, change(json.loads(found.read())))
            request.send_response(found.status)
            for name, value in found.getheaders():
                if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                    request.send_header(name, value)
            request.end_headers()
            while part := found.read1(1 << 16):
                request.wfile.write(part)
                request.wfile.flush()
        except OSError:
            pass  # The browser has left the page.
        finally:
            connection.close()

    def send(self, request, status, value):
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.end_headers()
        request.wfile.write(json.dumps(value).encode())

    def view(self):
        figures = {"outstanding": 414, "bound": 1000, "waiting": 2, "since": "2026-11-30T11:00:00.000Z"}
        return {**figures, **self.word(), "nodes": self.nodes}

    def word(self):
        return {"trouble": self.trouble} if self.trouble else {}

    def change(self, path):
        """How an answer is changed; nothing if it is passed on as it is."""
        place = {"place": "slurm", "cluster_job": "7001", "node": "n1"}

        def status(value):
            figures = {"outstanding": 414, "bound": 1000, "waiting": 2, "nodes": 5, "usable": 2}
            return {**value, "cluster": {**figures, **self.word()}}

        def top(value):
            rows = [row | place if row["job"] == self.job else row for row in value["running"]]
            return {**value, "status": status(value["status"]), "running": rows}

        def job(value):
            attempts = [row | {"place": "slurm"} for row in value["attempts"]]
            where = {"cluster_job": "7001", "node": work.HOSTILE}
            return {**value, "attempts": attempts, "cluster": where}

        return {"/v1/status": status, "/v1/top": top, f"/v1/jobs/{self.job}": job}.get(path)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def row(browser, name):
    """The text of a node."""
    return work.row(browser, "Nodes of the cluster", name)


def check_absent(browser):
    """Without a cluster there is no way to the page, and the page says so in the runner's words."""
    browser.open("#/")
    if browser.run(SHOWN):
        raise Wrong("there is a way to the nodes without a cluster")
    browser.run("location.hash = '#/nodes'")
    browser.wait("it is told that there is none", lambda: "no cluster" in browser.text("[role=alert]"))


def check_nodes(browser, front, pictures):
    """What each node is, in place as it changes; returns what is wrong with the page."""
    browser.click("nav a[data-page='nodes']")
    browser.wait("the nodes are there", lambda: "6 / 8" in row(browser, "n1"))
    lead = browser.text("main .lead")
    wanted = (
        "1 busy · 1 idle · 1 cooling · 1 drained · 1 offline · 414 of at most 1000 attempts in the cluster"
        " · 2 of them without a node"
    )
    work.expect(lead == wanted, f"the lead is {lead}")
    first = row(browser, "n1")
    work.expect("31 GiB / 32 GiB" in first and "and 404 more" in first, f"the first node is {first}")
    work.expect("gets none until" in row(browser, "n3"), "n3 does not cool")
    hostile = browser.text("section[aria-label='Nodes of the cluster'] tbody tr:nth-child(4)")
    work.expect(hostile.count(work.HOSTILE) == 3, f"a hostile node is shown as {hostile}")
    work.expect(browser.run("return window.pwned") is None, "the page runs what a node says")
    work.expect(not browser.run("return document.querySelector('main img, main script')"), "it has elements")
    wrong = audit.look_at_all(browser, ["#/nodes"], pictures)
    audit.walk_by_keyboard(browser, ["#/nodes"])
    browser.open("#/nodes")
    front.nodes[1] = node("n2", "unhealthy", reason="low memory")
    browser.wait("a change is shown by itself", lambda: "unhealthy" in row(browser, "n2"))
    work.expect("low memory" in row(browser, "n2"), "it has no reason")
    front.trouble = "slurmctld does not answer"
    browser.wait(
        "trouble is shown", lambda: "slurmctld does not answer · since" in browser.text("main")
    )
    browser.open("#/")
    browser.wait("also in the overview", lambda: "slurmctld does not answer" in browser.text(".figures"))
    front.trouble = None
    browser.wait("it goes away", lambda: re.search(r"414\s+of 1000", browser.text(".figures")))
    return wrong


def check_job(browser, front):
    """Where a job runs is told with it, and in the overview."""
    browser.wait(
        "the overview has its node",
        lambda: "Slurm job 7001 · on n1" in work.row(browser, "Running", f"{front.job}.1"),
    )
    browser.open(f"#/jobs/{front.job}")
    browser.wait(
        "its page, too, as text",
        lambda: f"Slurm job 7001 · on {work.HOSTILE}" in browser.text("section[aria-label='Attempts']"),
    )
    browser.open("#/nodes")
    browser.click("section[aria-label='Nodes of the cluster'] tr[data-key='n2'] a")
    browser.wait("a node leads to what has run there", lambda: browser.text("h1") == "History")
    work.expect(browser.find("#f-node").get_attribute("value") == "n2", "the filter is not in its field")


@contextlib.contextmanager
def front(browser, runner, job):
    """Has the browser look at the runner through a server with a cluster, on which a job runs."""
    server = Front(runner, job)
    home, browser.origin = browser.origin, server.origin
    try:
        yield server
    finally:
        browser.driver.get("about:blank")
        browser.origin = home
        server.stop()


def check(browser, server, pictures):
    """Signs in and looks at everything; returns what is wrong with the pages."""
    browser.driver.get(server.origin + "/")
    work.sign_in(browser, server.runner.tokens["operator"])
    browser.wait("there is a way to the nodes", lambda: browser.run(SHOWN))
    wrong = check_nodes(browser, server, pictures)
    check_job(browser, server)
    return wrong
