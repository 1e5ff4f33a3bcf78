"""Walks through a site with Chromium, by WebDriver: browse.py ADDRESS PHOTOS [FOLDER]

Scripts are switched off, as some visitors have it; what is asked of pages here is asked from
outside. Every page that the first one leads to must show all its pictures, without a complaint on
the console, and a visitor must come from the first page to a day and to a photo by clicking.
"""

import base64
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
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


def look(browser, url):
    """Opens a page; all its pictures must come. Returns where it leads to in the site."""
    browser.go(url)
    pictures = "return [...document.images].every(i => i.complete && i.naturalWidth > 0)"
    until(lambda: browser.run(pictures), f"all pictures of {url} are there")
    said = browser.complaints()
    check(not said, f"{url} has nothing to complain of: {said}")
    wide = browser.run("return document.documentElement.scrollWidth <= innerWidth")
    check(wide, f"{url} is no wider than the window")
    return browser.run("return [...document.links].map(link => link.href.split('#')[0])")


def visit(browser, site, photos, folder):
    # That scripts do not run must be seen, not believed.
    browser.devtools("Emulation.setScriptExecutionDisabled", value=True)
    browser.go("data:text/html,<title>plain</title><script>document.title='ran'</script>")
    check(browser.ask("GET", "/title") == "plain", "scripts do not run")

    # So high that every picture is in sight and loaded.
    browser.resize(1280, 9000)
    left, seen, shown = [f"{site}/index.html"], set(), set()
    while left:
        url = left.pop()
        if url in seen:
            continue
        seen.add(url)
        if not url.endswith(".html"):
            check(url.endswith((".jpg", "/feed.xml")), f"{url} is a page or a picture")
            if "/photos/" in url:
                shown.add(url)
            continue
        check(url.startswith(site), f"{url} leads out of the site")
        left += look(browser, url)
    pages = [url for url in seen if url.endswith(".html")]
    check(any("/months/" in url for url in pages), "older days are found by their months")
    days = [url for url in pages if "/days/" in url]
    thumbs = 0
    for url in days:
        browser.go(url)
        thumbs += browser.run("return document.querySelectorAll('.photos li[id]').length")
    check(thumbs == photos, f"{photos} photos are on the pages of days: {thumbs}")

    # As a visitor does, on a desktop and on a phone.
    for width, height in [(1280, 1000), (390, 844)]:
        browser.resize(width, height)
        look(browser, f"{site}/")
        if folder:
            browser.shot(folder / f"index-{width}.png")
        browser.click("main h2 a")
        until(lambda: "/days/" in browser.url(), "a click leads to a day")
        look(browser, browser.url())
        if folder:
            browser.shot(folder / f"day-{width}.png")
        browser.click(".photos a")
        until(lambda: browser.url().endswith(".jpg"), "a click leads to a photo")
        size = browser.url().rsplit("-", 1)[1].removesuffix(".jpg")
        real = browser.run("let i = document.images[0]; return i.naturalWidth + 'x' + i.naturalHeight")
        check(real == size, f"the photo has {size} pixels: {real}")
    print(f"{len(pages)} pages, {len(shown)} pictures; clicked through at 1280 and 390 pixels")


def main():
    site, photos = sys.argv[1], int(sys.argv[2])
    folder = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 and sys.argv[3] else None
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(profile)
        try:
            visit(browser, site, photos, folder)
        finally:
            browser.end()


main()
