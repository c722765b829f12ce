"""A page of another site that the same browser looks at, and what it can do to a runner: nothing.

The same page is let loose on a server that defends nothing, too: if it can't do harm there, the test is worth
nothing.
"""

import http.server
import json
import threading
import urllib.parse

from browser import Wrong

ATTACK = """<!doctype html><html lang="en"><title>harmless</title><body><h1>harmless</h1>
<script>
const target = new URLSearchParams(location.search).get("target");
const body = JSON.stringify({ handler: "exec", parameters: { command: ["true"] } });
const found = {};
async function attempt(name, work) {
  try { found[name] = await work(); } catch (error) { found[name] = null; }
}
function sent(enctype, name, value) {
  const frame = document.createElement("iframe");
  frame.name = `f${Math.random()}`;
  const form = document.createElement("form");
  Object.assign(form, { method: "POST", action: `${target}/v1/jobs`, enctype, target: frame.name });
  const field = document.createElement("textarea");
  [field.name, field.value] = [name, value];
  form.append(field);
  document.body.append(frame, form);
  return new Promise((resolve) => { frame.onload = () => resolve("sent"); form.submit(); });
}
(async () => {
  await attempt("read", async () => (await fetch(`${target}/v1/jobs`)).text());
  await attempt("page", async () => (await fetch(`${target}/`)).text());
  await attempt("post", async () => (await fetch(`${target}/v1/jobs`, { method: "POST", body })).text());
  await attempt("blind", async () => (await fetch(`${target}/v1/jobs`,
    { method: "POST", mode: "no-cors", credentials: "include", body: new Blob([body]) })).type);
  await attempt("token", async () => (await fetch(`${target}/v1/jobs`,
    { headers: { Authorization: "Bearer guess" } })).text());
  await attempt("form", () => sent("text/plain", body.slice(0, -1) + ', "labels": {"x": "', '"}}'));
  await attempt("stolen", async () => sessionStorage.getItem("millrace-token"));
  const frame = document.createElement("iframe");
  frame.id = "victim";
  frame.src = `${target}/`;
  frame.onload = () => { document.body.dataset.done = JSON.stringify(found); };
  document.body.append(frame);
})();
</script>"""


class Site:
    """A server on a port of its own: the attacker's page, and an undefended API that notes what comes."""

    def __init__(self):
        self.taken = []
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                page = self.path.startswith("/attack")
                self.send(ATTACK if page else "<title>victim</title><p id=main>secret</p>")

            def do_POST(self):
                site.taken.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self.send("made")

            def do_OPTIONS(self):
                self.send("")

            def send(self, text):
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Access-Control-Allow-Origin", "*")
                self.send_header("Access-Control-Allow-Headers", "*")
                self.end_headers()
                self.wfile.write(text.encode())

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def attack(browser, site, host, target):
    """Has the page do its worst; returns what it found, and what stands in its frame."""
    browser.driver.get(f"http://{host}:{site.port}/attack?target={urllib.parse.quote(target)}")
    found = json.loads(
        browser.wait("the attack is over", lambda: browser.run("return document.body.dataset.done"))
    )
    browser.driver.switch_to.frame(browser.find("#victim"))
    framed = browser.run("return document.getElementById('main') !== null")
    browser.driver.switch_to.default_content()
    return found, framed


def check(browser, runner):
    site, victim = Site(), Site()
    try:
        found, framed = attack(browser, site, "evil.test", f"http://127.0.0.1:{victim.port}")
        harmless = [name for name in ("read", "page", "post", "blind", "token", "form") if not found[name]]
        if harmless or not framed or len(victim.taken) != 3:
            raise Wrong(
                f"the hostile page is harmless by itself: {harmless}, {framed}, {len(victim.taken)} posts"
            )
        before = runner.job_count()
        # By another name, by another port of the same address, and by a name that was made to lead here.
        for host, target in (
            ("evil.test", runner.origin),
            ("127.0.0.1", runner.origin),
            ("evil.test", f"http://evil.test:{runner.port}"),
        ):
            found, framed = attack(browser, site, host, target)
            got = {
                name: value
                for name, value in found.items()
                if value and (name, value) not in (("blind", "opaque"), ("form", "sent"))
            }
            if got or framed:
                raise Wrong(f"a page of {host} got {got} of {target}, framed: {framed}")
        browser.driver.get(f"http://evil.test:{runner.port}/")
        if "names no name of this runner" not in browser.text():
            raise Wrong(
                f"a foreign name that leads to the runner is answered with:\n{browser.text()[:300]}"
            )
        if runner.job_count() != before:
            raise Wrong("a page of another site has made a job")
    finally:
        site.stop()
        victim.stop()
