"use strict";

// All fields of a row. The order is that in which one asks; what is not in it stands at the end.

const ORDER = [
  "at_us", "duration_us", "connection", "id", "from", "to", "transport", "step", "name", "reason",
  "operation_name", "operation", "asked", "params_text", "params", "direction", "data_bytes",
  "missing_bytes", "data_text", "value", "response_name", "response", "response_params",
  "event_name", "event", "count", "first_counter", "last_counter", "counter", "bytes", "lost",
  "text", "finding", "what", "code", "by", "section", "grade",
];

class Details {
  constructor(box, rows) {
    this.box = box;
    this.rows = rows;
    this.box.append(make("p", "empty", "Choose a row to see all its fields."));
  }

  show(number) {
    const fields = this.rows.fields(number);
    const list = this.list(fields);
    const heads = { init: "registration", frame: "picture of live view", frames: "pictures of live view" };
    const head = heads[fields.kind] || fields.kind;
    this.box.replaceChildren(make("h3", "", head), list);
    this.box.scrollTop = 0;
  }

  list(fields) {
    const list = make("dl");
    const place = (name) => (ORDER.indexOf(name) + ORDER.length + 1) % (ORDER.length + 1);
    const sorted = Object.entries(fields).sort(([a], [b]) => place(a) - place(b));
    for (const [name, value] of sorted) {
      if (name === "kind") continue;
      list.append(make("dt", "", nameOf(name)), this.value(name, value));
    }
    return list;
  }

  value(name, value) {
    const place = make("dd");
    if (value === null || value === "" || (Array.isArray(value) && value.length === 0)) {
      place.append(make("span", "empty", value === null ? "not in the capture, or none" : "none"));
    } else if (name === "at_us") {
      place.append(make("div", "", secondsOf(value - this.rows.base_us) + " s"), make("div", "faint", clockOf(value)));
    } else if (name === "duration_us") {
      place.textContent = spanOf(value);
    } else if (name === "value") {
      place.append(make("pre", "", dumpOf(value)));
    } else if (name.endsWith("params")) {
      place.textContent = value.map((param) => `${hexOf(param)} (${param})`).join(", ");
    } else if (Array.isArray(value)) {
      value.forEach((line) => place.append(make("div", "", tame(typeof line === "object" ? JSON.stringify(line) : line))));
    } else if (typeof value === "object") {
      place.append(this.list(value));
    } else if (name.endsWith("bytes")) {
      place.textContent = value.toLocaleString("en");
    } else {
      place.append(make("bdi", "", tame(value)));
    }
    return place;
  }
}

function nameOf(name) {
  const names = {
    at_us: "time", duration_us: "duration", value: "first bytes", id: "transaction",
    asked: "command captured", count: "pictures",
  };
  return names[name] || name.replace(/_/g, " ");
}

// Hexadecimal digits as eight bytes a line, with their letters.
function dumpOf(digits) {
  const bytes = digits.match(/../g) || [];
  const lines = [];
  for (let at = 0; at < bytes.length; at += 8) {
    const line = bytes.slice(at, at + 8);
    const letters = line.map((byte) => {
      const code = parseInt(byte, 16);
      return code >= 32 && code < 127 ? String.fromCharCode(code) : ".";
    });
    lines.push(`${at.toString(16).padStart(4, "0")}  ${line.join(" ").padEnd(23)}  ${letters.join("")}`);
  }
  return lines.join("\n");
}
