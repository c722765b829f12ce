"""Whether the pages can be used: by names, contrast, keyboard, in dark and light, on a phone."""

import pathlib

from browser import Wrong

SCRIPT = (pathlib.Path(__file__).parent / "audit.js").read_text(encoding="utf-8")
NAMED = {
    "button",
    "link",
    "textbox",
    "combobox",
    "checkbox",
    "searchbox",
    "spinbutton",
    "meter",
    "img",
    "image",
    "region",
    "navigation",
    "form",
    "table",
    "search",
    "log",
    "DisclosureTriangle",
}


def look_at(browser, page):
    """Returns what is wrong with the page that is shown."""
    wrong = [f"{page}: {words}" for words in browser.run(SCRIPT)]
    named = 0
    for node in browser.command("Accessibility.getFullAXTree")["nodes"]:
        role = node.get("role", {}).get("value")
        if node.get("ignored") or role not in NAMED:
            continue
        named += 1
        if not node.get("name", {}).get("value", "").strip():
            wrong.append(f"{page}: there is a {role} without a name")
    if named < 8:
        wrong.append(f"{page}: only {named} things have a role")
    return wrong


def look_at_all(browser, pages, pictures):
    """Looks at every page on a screen in light, and on a phone in dark: what each shows is all there is."""
    wrong = []
    for page in pages:
        browser.open(page)
        for scheme, width in (("light", 1280), ("dark", 360)):
            browser.look(scheme, width)
            wrong += [f"{words} ({scheme}, {width})" for words in look_at(browser, page)]
            if pictures:
                name = page.strip("#/").replace("/", "-").split("?")[0] or "overview"
                browser.picture(pictures / f"{name}-{scheme}-{width}.png")
    browser.look()
    return wrong


# Marks all that can be used, and notes what gets the focus and whether that shows: by an outline, or by the
# stroke of what is drawn in it.
MARK = """
    window.walk = [];
    const stroke = (element) => {
      const drawn = element.querySelector("rect");
      return drawn ? getComputedStyle(drawn).strokeWidth : "";
    };
    if (!window.walker) {
      window.walker = ({ target }) => {
        const { outlineStyle, outlineWidth } = getComputedStyle(target);
        const isOutlined = outlineStyle !== "none" && outlineWidth !== "0px";
        window.walk.push([target.dataset.stop, isOutlined || stroke(target) !== target.dataset.stroke]);
      };
      document.addEventListener("focusin", window.walker);
    }
    document.activeElement.blur();
    window.scrollTo(0, 0);
    return [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
      .filter((element) => element.checkVisibility() && !element.disabled)
      .map((element, index) => {
        element.dataset.stroke = stroke(element);
        return (element.dataset.stop = String(index));
      });"""

# What of it is still there: rows come and go.
LEFT = """
    return arguments[0].map((stop) => document.querySelector(`[data-stop='${stop}']`))
      .filter((element) => element?.checkVisibility())
      .map((element) => element.outerHTML.slice(0, 120));"""


def walk_by_keyboard(browser, pages):
    """All that can be used is reached by Tab, shows that it has the focus, and Enter follows a link."""
    for page in pages:
        browser.open(page)
        wanted = browser.run(MARK)
        browser.press("Tab", times=len(wanted) + 8)
        walk = browser.run("return window.walk")
        missing = browser.run(LEFT, sorted(set(wanted) - {stop for stop, _ in walk}))
        if missing:
            raise Wrong(f"{page}: Tab does not reach {missing}")
        blind = browser.run(LEFT, sorted({stop for stop, shows in walk if stop and not shows}))
        if blind:
            raise Wrong(f"{page}: these don't show that they have the focus: {blind}")
    browser.run("document.querySelector(\"nav a[data-page='handlers']\").focus()")
    browser.press("Enter")
    browser.wait("Enter follows a link", lambda: browser.run("return location.hash") == "#/handlers")
    browser.run("document.activeElement.blur()")
    browser.press("/")
    if browser.run("return document.activeElement.id") != "find-job":
        raise Wrong("`/` does not lead to the search")
