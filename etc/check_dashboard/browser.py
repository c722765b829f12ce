"""One Chromium, and what it said and asked for."""

import json
import pathlib
import time

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

PATIENCE = 180  # Seconds for what should take two: a test kernel has one processor, and emulates it.


class Wrong(Exception):
    """What the page does is not what it should."""


class Browser:
    def __init__(self, origin, hosts):
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for argument in (
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-zygote",
            "--window-size=1280,900",
            "--disable-extensions",
            "--disable-background-networking",
            "--disable-component-update",
            "--no-first-run",
            f"--host-resolver-rules={hosts}",
        ):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_script_timeout(PATIENCE)
        self.driver.set_page_load_timeout(PATIENCE)
        self.origin = origin

    def open(self, address="#/"):
        """Shows a page of the dashboard and waits until it is there."""
        if self.driver.current_url.startswith(self.origin):
            self.run("location.hash = arguments[0]", address)
        else:
            self.driver.get(f"{self.origin}/{address}")
        self.wait(
            f"{address} is shown",
            lambda: self.run("return document.getElementById('main').dataset.shown") == address,
        )

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def command(self, name, **parameters):
        return self.driver.execute_cdp_cmd(name, parameters)

    def wait(self, what, condition, seconds=PATIENCE):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                found = condition()
            except StaleElementReferenceException:
                found = None
            if found:
                return found
            time.sleep(0.2)
        raise Wrong(f"it did not come about that {what}; the page says:\n{self.text()[:2000]}")

    def text(self, selector="body"):
        """The text of a part of the page, as one sees it."""
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def find(self, selector):
        return self.wait(
            f"there is `{selector}`",
            lambda: next(iter(self.driver.find_elements(By.CSS_SELECTOR, selector)), None),
        )

    def click(self, selector):
        """Clicks what there is, also if it is made anew at this moment."""

        def clicked():
            found = self.driver.find_elements(By.CSS_SELECTOR, selector)
            if not found or not found[0].is_enabled():
                return False
            found[0].click()
            return True

        self.wait(f"`{selector}` can be clicked", clicked)

    def fill(self, selector, text):
        element = self.find(selector)
        element.clear()
        element.send_keys(text)

    def press(self, key, times=1):
        keys = {"Tab": Keys.TAB, "Enter": Keys.ENTER}.get(key, key) * times
        ActionChains(self.driver).send_keys(keys).perform()

    def look(self, scheme="light", width=1280, height=900):
        """Sets the colours that the user wants and the size of the screen."""
        self.command(
            "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
        )
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 500,
        )

    def picture(self, file):
        pathlib.Path(file).parent.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(file))

    def said(self):
        """What the console has said since it was asked last, but for what is no warning."""
        return [
            entry["message"]
            for entry in self.driver.get_log("browser")
            if entry["level"] in ("SEVERE", "WARNING")
        ]

    def asked(self):
        """The addresses that were asked for since this was called last."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]

    def stop(self):
        self.driver.quit()
