"use strict";

// The sequence diagram: a list of which only what is in sight is in the document.

const ROW_PX = 26;
const TRANSACTION_PX = 48;
// Browsers draw nothing taller than some ten million pixels. A longer list is scrolled faster.
const MOST_PX = 8e6;
// Rows on paper.
const MOST_PRINTED = 1000;

class Sequence {
  constructor(box, rows, choose) {
    this.box = box;
    this.rows = rows;
    this.choose = choose;
    this.chosen = -1;
    this.spacer = box.querySelector("#spacer");
    this.list = box.querySelector("#rows");
    this.show(Uint32Array.from({ length: rows.length }, (_, row) => row));
    box.addEventListener("scroll", () => this.draw());
    new ResizeObserver(() => this.draw()).observe(box);
    this.list.addEventListener("click", (event) => {
      const row = event.target.closest(".row");
      if (row) this.choose(Number(row.dataset.row));
    });
    box.addEventListener("keydown", (event) => this.key(event));
    addEventListener("beforeprint", () => this.print());
    addEventListener("afterprint", () => this.paint());
  }

  // Shows these rows, in this order.
  show(shown) {
    this.shown = shown;
    this.tops = new Float64Array(shown.length + 1);
    for (let place = 0; place < shown.length; place++) {
      this.tops[place + 1] = this.tops[place] + heightOf(this.rows, shown[place]);
    }
    this.total = this.tops[shown.length];
    this.spacer.style.height = Math.min(this.total, MOST_PX) + "px";
    this.draw();
  }

  // Pixels of the list above what is in sight.
  get top() {
    const { scrollTop, clientHeight } = this.box;
    if (this.total <= MOST_PX) return scrollTop;
    return (scrollTop / (MOST_PX - clientHeight)) * (this.total - clientHeight);
  }

  set top(top) {
    const { clientHeight } = this.box;
    const share = this.total <= MOST_PX ? 1 : (MOST_PX - clientHeight) / (this.total - clientHeight);
    this.box.scrollTop = top * share;
  }

  draw() {
    this.wanted ??= requestAnimationFrame(() => {
      this.wanted = null;
      this.paint();
    });
  }

  paint() {
    const { top, box, tops } = this;
    const bottom = top + box.clientHeight;
    let place = Math.max(0, firstAtLeast(tops, top, tops.length) - 1);
    const made = [];
    for (; place < this.shown.length && tops[place] < bottom; place++) {
      const row = this.row(this.shown[place], place);
      row.style.top = box.scrollTop + tops[place] - top + "px";
      row.style.height = tops[place + 1] - tops[place] + "px";
      made.push(row);
    }
    if (this.shown.length === 0) made.push(make("p", "empty", "Nothing fits."));
    this.list.replaceChildren(...made);
    const isInSight = made.some((row) => row.id === "row-" + this.chosen);
    if (isInSight) box.setAttribute("aria-activedescendant", "row-" + this.chosen);
    else box.removeAttribute("aria-activedescendant");
  }

  row(number, place) {
    const fields = this.rows.fields(number);
    const row = make("div", "row " + (KINDS[this.rows.kind[number]] || "other"));
    row.id = "row-" + number;
    row.dataset.row = number;
    row.setAttribute("role", "option");
    row.setAttribute("aria-setsize", this.shown.length);
    row.setAttribute("aria-posinset", place + 1);
    row.setAttribute("aria-selected", number === this.chosen);
    if (this.rows.bad[number]) row.classList.add("bad");
    const at = fields.at_us === null ? "–" : secondsOf(this.rows.at[number]);
    row.append(make("span", "when", at), make("span", "line", fields.connection ?? ""));
    const wire = make("span", "wire");
    for (const { to, text, lost } of sayingsOf(fields)) {
      const saying = make("span", "say " + (to ? "to-" + to : "box") + (lost ? " lost" : ""));
      const words = make("bdi", "", tame(text));
      words.title = words.textContent;
      saying.append(words);
      wire.append(saying);
    }
    row.append(wire);
    return row;
  }

  select(row, isScrolled) {
    this.chosen = row;
    const place = firstAtLeast(this.shown, row, this.shown.length);
    if (isScrolled && this.shown[place] === row) {
      const [top, height] = [this.top, this.box.clientHeight];
      if (this.tops[place] < top) this.top = this.tops[place];
      if (this.tops[place + 1] > top + height) this.top = this.tops[place + 1] - height;
      // From far away it comes into the middle.
      const far = Math.abs(this.tops[place] - top) > height * 1.5;
      if (far) this.top = this.tops[place] - height / 2;
    }
    this.draw();
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.box.clientHeight / TRANSACTION_PX) - 1);
    const last = this.shown.length - 1;
    const at = firstAtLeast(this.shown, this.chosen, this.shown.length);
    const isThere = this.chosen >= 0 && this.shown[at] === this.chosen;
    const to = {
      ArrowDown: isThere ? at + 1 : at, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page,
      Home: 0, End: last,
    }[event.key];
    if (to === undefined || last < 0) return;
    event.preventDefault();
    this.choose(this.shown[Math.max(0, Math.min(last, to))], true);
  }

  // On paper nobody scrolls.
  print() {
    const made = [...this.shown.slice(0, MOST_PRINTED)].map((number, place) => this.row(number, place));
    const rest = this.shown.length - made.length;
    if (rest > 0) made.push(make("p", "", `and ${rest.toLocaleString("en")} rows more`));
    this.list.replaceChildren(...made);
  }
}

function heightOf(rows, row) {
  return rows.kind[row] === KIND.transaction ? TRANSACTION_PX : ROW_PX;
}
