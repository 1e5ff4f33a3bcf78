"""Walks through a site with Chromium, by WebDriver: browse.py ADDRESS PHOTOS [FOLDER]

Scripts are switched off, as some visitors have it; what is asked of pages here is asked from
outside. Every page that the first one leads to must show all its pictures, without a complaint on
the console, and a visitor must come from the first page to a day and to a photo by clicking.
"""

import pathlib
import sys
import tempfile

from browser import Browser, check, until


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
