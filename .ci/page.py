"""Looks at pages of `decode --html` with Chromium: page.py SHORT.html LONG.html RECORDS [FOLDER]

Both are made of captures by long.py. There is no network, nothing may be complained of, and what
strangers sent must be text. Pictures of the pages are kept in FOLDER.
"""

import pathlib
import sys
import tempfile

from browser import Browser, check, until

READY = "return performance.getEntriesByName('filmwire-ready')[0]?.startTime"
COUNT = "return parseInt(document.getElementById('count').textContent.replaceAll(',', ''))"
RANGE = "return document.getElementById('range').textContent"
DETAILS = "return document.getElementById('details').textContent"


def load(browser, path):
    """Opens a page. Returns after how many milliseconds it was painted first, and drawn."""
    browser.go(path.as_uri())
    until(lambda: browser.run(READY), f"{path.name} is drawn")
    paint = "return performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
    until(lambda: browser.run(paint), f"{path.name} is painted")
    asked = browser.run("return performance.getEntriesByType('resource').map(entry => entry.name)")
    check(not [name for name in asked if not name.startswith("data:")], f"nothing else is asked for: {asked}")
    wide = browser.run("return document.documentElement.scrollWidth <= innerWidth")
    check(wide, f"{path.name} is no wider than the window")
    return browser.run(paint), browser.run(READY)


def say(browser, name, value):
    """Fills in a field, as a person does."""
    event = "input" if name == "search" else "change"
    browser.run(
        f"const field = document.getElementById('{name}'); field.value = '{value}';"
        f"field.dispatchEvent(new Event('{event}'))"
    )


def key(browser, name, of):
    browser.run(f"document.getElementById('{of}').dispatchEvent(new KeyboardEvent('keydown', {{ key: '{name}' }}))")


def zoom(browser):
    """The wheel, buttons and keys change the range, and all of it comes back."""
    whole = seen = browser.run(RANGE)
    wheel = "document.getElementById('timeline').dispatchEvent(new WheelEvent('wheel', { deltaY: -300, clientX: 600 }))"
    ways = [lambda: browser.click("#zoom-in"), lambda: browser.run(wheel), lambda: key(browser, "+", "timeline")]
    ways += [lambda: key(browser, "ArrowLeft", "timeline"), lambda: browser.click("#zoom-out")]
    for number, way in enumerate(ways):
        way()
        check(browser.run(RANGE) != seen, f"way {number} to zoom changes the range {seen}")
        seen = browser.run(RANGE)
    browser.run("document.getElementById('in-range').click()")
    until(lambda: 0 < browser.run(COUNT) < 305, "only rows of this time are left")
    browser.run("document.getElementById('in-range').click()")
    browser.click("#zoom-all")
    check(browser.run(RANGE) == whole, "all is shown again")


def short(browser, path):
    """Every row of a short page can be found and looked at."""
    load(browser, path)
    check(browser.run(COUNT) == 305, f"305 rows: 304 of the capture and a silence without a remark: {browser.run(COUNT)}")
    names = browser.run("return [...document.querySelectorAll('.facts bdi')].map(e => e.textContent)")
    check(names[1:] == ["<i onload=a()>X</i>", "</script><b>⟨U+202E⟩gnp.exe"], f"names are text: {names}")
    check(browser.run("return document.querySelectorAll('i:not(.legend i), main b:not(.ends b)').length") == 0, "names are no elements")
    zoom(browser)

    say(browser, "search", "getthumb -ok")
    until(lambda: browser.run(COUNT) == 0, "no thumbnail was refused")
    say(browser, "search", "live view picture")
    until(lambda: browser.run(COUNT) == 30, "what a row says is found")
    say(browser, "search", "0xd400")
    until(lambda: browser.run(COUNT) == 3, "a property is found by its code")
    browser.click(".row")
    check("UNKNOWN_D400 (0xD400)" in browser.run(DETAILS) and "DeviceBusy" in browser.run(DETAILS), "a click shows all fields")
    say(browser, "search", "")
    until(lambda: browser.run(COUNT) == 305, "all rows are back")
    chosen = "return document.querySelector('.row[aria-selected=true]')?.textContent ?? ''"
    key(browser, "Home", "sequence")
    for _ in range(4):
        key(browser, "ArrowDown", "sequence")
    until(lambda: "#3 GetThumb" in browser.run(chosen), "keys choose a row")
    check("ff d8 00 00" in browser.run(DETAILS), "bytes are shown")
    key(browser, "End", "sequence")
    until(lambda: "⟩" not in browser.run(chosen) != "", "the last row comes into sight")
    key(browser, "Home", "sequence")
    until(lambda: "asks for a connection" in browser.run(chosen), "the first row is chosen")
    browser.run(
        "const t = document.getElementById('timeline'), box = t.getBoundingClientRect();"
        "const at = { pointerId: 1, clientX: box.right - 14, clientY: box.top + 24 + 28 * 1.5, bubbles: true };"
        "t.setPointerCapture = () => {};"
        "for (const type of ['pointerdown', 'pointerup']) t.dispatchEvent(new PointerEvent(type, at))"
    )
    until(lambda: browser.run(chosen).startswith("9.3"), "a click on the timeline chooses in the list")
    # What a record has inside is shown as well.
    browser.run(
        "const finding = { what: 'rule', code: 'early-id', section: '4.2' };"
        "const fields = { kind: 'note', at_us: null, connection: 1, text: 'early', finding };"
        "new Details(document.getElementById('details'), { fields: () => fields }).show(0)"
    )
    check("codeearly-idsection4.2" in browser.run(DETAILS), "a finding of a note has fields of its own")
    for choice, count in [("gaps and silences", 3), ("refused, unanswered, lost", 4), ("live view", 30), ("events", 3)]:
        say(browser, "kind", choice)
        check(browser.run(COUNT) == count, f"{count} rows are {choice}: {browser.run(COUNT)}")


def long(browser, path, records):
    """Many records are shown soon, and only what is in sight is in the document."""
    painted, drawn = load(browser, path)
    rows = browser.run(COUNT)
    check(records * 0.9 < rows < records, f"live view is summed up: {rows}")
    key(browser, "End", "sequence")
    # Pictures and events have no ids of their own.
    asked = sum(number % 10 != 5 and number % 100 != 7 for number in range(2, records))
    last = f"#{1 + asked} "
    until(lambda: last in browser.run("return document.getElementById('rows').textContent"), "the end comes into sight")
    check(browser.run("return document.querySelectorAll('.row').length") < 100, "few rows are in the document")
    say(browser, "search", "getthumb")
    until(lambda: browser.run(COUNT) < rows / 2, "a search narrows the list")
    check(drawn < 10_000, f"drawn within ten seconds, also on a busy machine: {drawn} ms")
    return f"{records} records: first painted after {painted:.0f} ms, drawn after {drawn:.0f} ms"


def shots(browser, path, folder):
    for size, scheme in [((1280, 1000), "light"), ((1280, 1000), "dark"), ((390, 844), "light")]:
        browser.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        browser.resize(*size)
        load(browser, path)
        browser.shot(folder / f"page-{path.stem}-{size[0]}-{scheme}.png")


def visit(browser, pages, records, folder):
    browser.devtools("Network.enable")
    lost = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    browser.devtools("Network.emulateNetworkConditions", **lost)
    browser.resize(1280, 1000)
    short(browser, pages[0])
    said = long(browser, pages[1], records)
    browser.resize(390, 844)
    load(browser, pages[0])
    if folder:
        for page in pages:
            shots(browser, page, folder)
    check(not browser.complaints(), "the console is empty")
    browser.devtools("Emulation.setScriptExecutionDisabled", value=True)
    browser.go(pages[0].as_uri())
    plain = browser.run("return [document.querySelectorAll('.plain tbody tr').length, document.querySelector('#wait').checkVisibility()]")
    check(plain == [200, False], f"without scripts there is a table: {plain}")
    print(said)


def main():
    pages, records = [pathlib.Path(name).resolve() for name in sys.argv[1:3]], int(sys.argv[3])
    folder = pathlib.Path(sys.argv[4]) if len(sys.argv) > 4 and sys.argv[4] else None
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(profile)
        try:
            visit(browser, pages, records, folder)
        finally:
            browser.end()


main()
