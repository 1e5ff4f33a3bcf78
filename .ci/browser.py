"""A Chromium that scripts of this folder drive, by WebDriver."""

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

WAIT_S = 20
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Browser:
    """A session of chromedriver."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.base = f"http://127.0.0.1:{port}"
        self.driver = subprocess.Popen(
            [shutil.which("chromedriver") or "/usr/bin/chromedriver", f"--port={port}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.session = ""
        until(self.is_ready, "chromedriver listens")
        arguments = ["--headless=new", "--no-sandbox", "--disable-background-networking"]
        arguments += ["--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]
        arguments += ["--no-first-run", f"--user-data-dir={folder}"]
        chrome = {"args": arguments, "binary": shutil.which("chromium")}
        wanted = {"browserName": "chrome", "goog:chromeOptions": chrome}
        wanted["goog:loggingPrefs"] = {"browser": "ALL"}
        made = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.session = f"/session/{made['sessionId']}"

    def is_ready(self):
        try:
            return self.ask("GET", "/status")["ready"]
        except OSError:
            return False

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.base + self.session + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {path}: {error.read().decode()}") from None

    def devtools(self, command, **parameters):
        return self.ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def resize(self, width, height):
        parameters = {"width": width, "height": height, "deviceScaleFactor": 1}
        self.devtools("Emulation.setDeviceMetricsOverride", mobile=width < 500, **parameters)

    def go(self, url):
        self.ask("POST", "/url", {"url": url})

    def run(self, script):
        """Asks the page something; this works from outside also where its own scripts do not run."""
        return self.ask("POST", "/execute/sync", {"script": script, "args": []})

    def url(self):
        return self.ask("GET", "/url")

    def click(self, selector):
        found = self.ask("POST", "/element", {"using": "css selector", "value": selector})
        self.ask("POST", f"/element/{found[ELEMENT]}/click", {})

    def complaints(self):
        said = [line["message"] for line in self.ask("POST", "/se/log", {"type": "browser"})]
        # Of a picture without a page around it browsers ask for an icon at the server's root, which
        # need not be the site's.
        return [line for line in said if "/favicon.ico " not in line]

    def shot(self, path):
        path.write_bytes(base64.b64decode(self.ask("GET", "/screenshot")))

    def end(self):
        try:
            if self.session:
                self.ask("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait(WAIT_S)


def until(true, what):
    end = time.monotonic() + WAIT_S
    while not true():
        if time.monotonic() > end:
            raise SystemExit(f"in vain waited until {what}")
        time.sleep(0.05)


def check(is_right, what):
    if not is_right:
        raise SystemExit(f"not so: {what}")
