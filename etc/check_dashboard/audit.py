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


def walk_by_keyboard(browser):
    """All that can be used is reached by Tab, shows that it has the focus, and Enter follows a link."""
    browser.open("#/submit")
    wanted = browser.run("""
        document.activeElement.blur();
        window.scrollTo(0, 0);
        return [...document.querySelectorAll(
          "a[href], button, input, select, textarea, summary, [tabindex='0']")]
          .filter((element) => element.checkVisibility() && !element.disabled)
          .map((element, index) => (element.dataset.stop = String(index)));""")
    seen, blind = set(), []
    for _ in range(len(wanted) + 8):
        browser.press("Tab")
        stop, style, width = browser.run("""
            const element = document.activeElement;
            const { outlineStyle, outlineWidth } = getComputedStyle(element);
            return [element.dataset.stop, outlineStyle, outlineWidth];""")
        if stop is None:
            continue
        seen.add(stop)
        if style == "none" or width == "0px":
            blind.append(stop)
    if set(wanted) - seen:
        missing = browser.run(
            "return arguments[0].map((stop) => "
            "document.querySelector(`[data-stop='${stop}']`).outerHTML.slice(0, 120))",
            sorted(set(wanted) - seen),
        )
        raise Wrong(f"Tab does not reach {missing}")
    if blind:
        raise Wrong(f"{len(blind)} things don't show that they have the focus")
    browser.run("document.querySelector(\"nav a[data-page='handlers']\").focus()")
    browser.press("Enter")
    browser.wait("Enter follows a link", lambda: browser.run("return location.hash") == "#/handlers")
    browser.run("document.activeElement.blur()")
    browser.press("/")
    if browser.run("return document.activeElement.id") != "find-job":
        raise Wrong("`/` does not lead to the search")
