"use strict";

// Ties the parts together: what is chosen in one is chosen in all, and what is searched for too.

const CHOICES = {
  "transactions": ["transaction"],
  "refused, unanswered, lost": "bad",
  "events": ["event"],
  "live view": ["frame", "frames"],
  "registration": ["init"],
  "discovery": ["discovery"],
  "gaps and silences": ["gap", "silence"],
  "notes": ["note"],
};

function start() {
  const byId = (id) => document.getElementById(id);
  const rows = readRows();
  byId("view").hidden = false;
  byId("wait").remove();
  const details = new Details(byId("details"), rows);
  const sequence = new Sequence(byId("sequence"), rows, (row) => choose(row, true));
  let shown = null;
  let later = 0;
  const timeline = new Timeline(byId("timeline"), rows, {
    choose: (row) => choose(row, false),
    range: () => {
      if (!shown) return;
      tellRange();
      if (byId("in-range").checked) soon();
    },
  });

  function choose(row, isFromList) {
    details.show(row);
    sequence.select(row, true);
    timeline.choose(row);
    if (isFromList) byId("sequence").focus({ preventScroll: true });
  }

  function tellRange() {
    const from = Math.max(timeline.from, rows.first);
    const to = Math.min(timeline.to, rows.last);
    const step = 10 ** Math.floor(Math.log10(Math.max(to - from, 1) / 100));
    const say = (us) => spanOf(us, Math.max(step, 1));
    byId("range").textContent = `${say(from)} – ${say(to)} of ${spanOf(rows.last - rows.first)}`;
  }

  function filter() {
    const words = byId("search").value.toLowerCase().split(/\s+/).filter((word) => word && word !== "-");
    const wanted = CHOICES[byId("kind").value];
    const kinds = Array.isArray(wanted) ? new Set(wanted.map((kind) => KIND[kind])) : null;
    const connection = byId("connection").value;
    const inRange = byId("in-range").checked;
    const fits = (row) => {
      if (kinds && !kinds.has(rows.kind[row])) return false;
      if (wanted === "bad" && !rows.bad[row]) return false;
      if (connection !== "" && rows.connection[row] !== Number(connection)) return false;
      return words.every((word) => word[0] === "-" ? !rows.text(row).includes(word.slice(1)) : rows.text(row).includes(word));
    };
    const marks = new Uint8Array(rows.length);
    const found = [];
    for (let row = 0; row < rows.length; row++) {
      if (!fits(row)) continue;
      marks[row] = 1;
      const isIn = rows.end[row] >= timeline.from && rows.at[row] <= timeline.to;
      if (!inRange || isIn) found.push(row);
    }
    shown = Uint32Array.from(found);
    timeline.isShown = (row) => marks[row] === 1;
    timeline.draw();
    sequence.show(shown);
    byId("count").textContent = `${shown.length.toLocaleString("en")} of ${countOf(rows.length, "row", "rows")}`;
  }

  // While somebody types or drags, the list waits.
  function soon() {
    clearTimeout(later);
    later = setTimeout(filter, 80);
  }

  for (const choice of Object.keys(CHOICES)) byId("kind").append(new Option(choice, choice));
  for (const lane of timeline.lanes) {
    const name = lane.connection ? `connection ${lane.name}` : lane.name;
    byId("connection").append(new Option(name, String(lane.connection)));
  }
  byId("search").addEventListener("input", soon);
  for (const id of ["kind", "connection", "in-range"]) byId(id).addEventListener("change", filter);
  byId("zoom-in").addEventListener("click", () => timeline.zoom(0.5));
  byId("zoom-out").addEventListener("click", () => timeline.zoom(2));
  byId("zoom-all").addEventListener("click", () => timeline.all());
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.matches("input, select")) return;
    event.preventDefault();
    byId("search").focus();
  });
  byId("timeline").setAttribute("aria-label", `Timeline of ${countOf(timeline.lanes.length, "lane", "lanes")}: plus and minus zoom, arrows move, 0 shows all. The list below tells the same.`);
  filter();
  tellRange();
  performance.mark("filmwire-ready");
}

start();
