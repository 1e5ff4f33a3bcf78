"use strict";

// Rows out of the page's chunks: columns that the diagrams need all the time, and the fields of a
// row when somebody looks at it.

const KINDS = [
  "init", "transaction", "event", "frame", "frames", "discovery", "gap", "note", "silence", "other",
];
const KIND = Object.fromEntries(KINDS.map((kind, number) => [kind, number]));
// What is longer than this without a word is shown as a silence.
const SILENCE_US = 1e6;

// A chunk's row as an object. What a chunk looks like stands in pack.rs.
function fieldsOf(chunk, row) {
  const shape = chunk.shapes[row[0]];
  const fields = { kind: shape[0] };
  let at = 1;
  for (let number = 1; number < shape.length; number++) {
    const name = shape[number];
    if (name[0] === "-") fields[name.slice(1)] = null;
    else if (name[0] === "$") fields[name.slice(1)] = chunk.strings[row[at++]];
    else if (name === "at_us") fields.at_us = chunk.base_us + row[at++];
    else fields[name] = row[at++];
  }
  return fields;
}

class Rows {
  constructor(chunks) {
    // A chunk of rows without times may be older than the first time.
    this.base_us = chunks.length ? chunks[chunks.length - 1].base_us : 0;
    const kept = [];
    for (const chunk of chunks) for (const row of chunk.rows) kept.push([chunk, row]);
    const raw = { at: new Float64Array(kept.length), index: new Uint32Array(kept.length) };
    // What has no time stands behind what came before it.
    let before = 0;
    kept.forEach(([chunk, row], index) => {
      const place = chunk.shapes[row[0]].filter((name) => name[0] !== "-").indexOf("at_us");
      if (place > 0) before = chunk.base_us - this.base_us + row[place];
      raw.at[index] = before;
      raw.index[index] = index;
    });
    raw.index.sort((a, b) => raw.at[a] - raw.at[b] || a - b);
    this.fill(kept, raw);
  }

  // Columns in order of time, with silences between.
  fill(kept, raw) {
    const most = kept.length * 2;
    this.kept = [];
    this.kind = new Uint8Array(most);
    this.connection = new Uint32Array(most);
    this.bad = new Uint8Array(most);
    this.way = new Uint8Array(most);
    this.at = new Float64Array(most);
    this.end = new Float64Array(most);
    this.weight = new Float64Array(most);
    let last = NaN;
    for (const index of raw.index) {
      const [chunk, row] = kept[index];
      const fields = fieldsOf(chunk, row);
      const at = raw.at[index];
      const end = at + (fields.duration_us || 0);
      const isBehindSilence = at - last > SILENCE_US;
      // A remark on the same silence stands for it: it is told once.
      const isRemark = isBehindSilence && fields.finding?.code === "quiet";
      if (isBehindSilence && !isRemark) this.silence(last, at);
      this.push([chunk, row], fields, isRemark ? last : at, end);
      if (isRemark) this.kind[this.kept.length - 1] = KIND.silence;
      last = Number.isNaN(last) ? end : Math.max(last, end);
    }
    this.length = this.kept.length;
    this.first = this.length ? this.at[0] : 0;
    this.last = this.length ? Math.max(last, this.first) : 0;
  }

  silence(from, to) {
    const fields = { kind: "silence", at_us: this.base_us + from, duration_us: to - from };
    this.push(fields, fields, from, to);
  }

  push(kept, fields, at, end) {
    const number = this.kept.length;
    this.kept.push(kept);
    this.kind[number] = KIND[fields.kind] ?? KIND.other;
    this.connection[number] = fields.connection || 0;
    this.bad[number] = isBad(fields) ? 1 : 0;
    this.way[number] = { in: 1, out: 2 }[fields.direction] || 0;
    this.at[number] = at;
    this.end[number] = end;
    this.weight[number] = fields.count || 1;
  }

  // The fields of a row.
  fields(number) {
    const kept = this.kept[number];
    return Array.isArray(kept) ? fieldsOf(kept[0], kept[1]) : kept;
  }

  // Everything of a row that can be searched, in small letters. Made when somebody searches.
  text(number) {
    this.texts ||= new Array(this.length);
    return (this.texts[number] ??= searchable(this.fields(number)));
  }
}

function isBad(fields) {
  if (fields.missing_bytes > 0) return true;
  if (fields.kind === "transaction") return fields.response !== "0x2001";
  if (fields.kind === "note") return fields.finding?.what === "rule";
  return fields.kind === "gap" || (fields.kind === "init" && fields.step === "fail");
}

function searchable(fields) {
  const words = [];
  const add = (value) => {
    if (value === null || typeof value === "boolean") return;
    if (typeof value === "object") Object.values(value).forEach(add);
    else words.push(String(value));
  };
  for (const [name, value] of Object.entries(fields)) {
    if (name === "id") words.push("#" + value);
    else if (name.endsWith("params") && value) words.push(...value.map(hexOf));
    else if (name !== "at_us") add(value);
  }
  // Of transactions the fields have all words already.
  if (fields.kind !== "transaction") words.push(...sayingsOf(fields).map((saying) => saying.text));
  return words.join(" ").toLowerCase();
}

function readRows() {
  const elements = [...document.querySelectorAll("script.chunk")];
  const chunks = elements.map((element) => JSON.parse(element.textContent));
  // The text is not held twice.
  elements.forEach((element) => element.remove());
  return new Rows(chunks);
}
