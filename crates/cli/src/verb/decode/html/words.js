"use strict";

// What rows say in words. Text of a capture is shown as text only, and what would hide in it is
// named.

function tame(text) {
  const name = (c) => "⟨U+" + c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0") + "⟩";
  return String(text).replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, name);
}

function hexOf(number) {
  return "0x" + number.toString(16).toUpperCase();
}

function bytesOf(count) {
  if (count < 1000) return count + " B";
  const units = ["kB", "MB", "GB", "TB"];
  let unit = -1;
  while (count >= 999.5 && unit + 1 < units.length) {
    count /= 1000;
    unit++;
  }
  return count.toPrecision(3) + " " + units[unit];
}

// A span of microseconds; `step_us`: the least that differs.
function spanOf(us, step_us = 0) {
  const digits = (unit) => Math.max(0, Math.min(6, Math.ceil(-Math.log10(step_us / unit) - 1e-9)));
  const size = Math.abs(us);
  const say = (unit, name) => (us / unit).toFixed(step_us ? digits(unit) : 1) + name;
  if (size < 1e3 && step_us < 1e3) return say(1, " µs");
  if (size < 1e6 && step_us < 1e6) return say(1e3, " ms");
  if (size < 60e6 || step_us < 1e6) return say(1e6, " s");
  const seconds = Math.round(us / 1e6);
  const two = (number) => String(Math.floor(number)).padStart(2, "0");
  if (seconds < 3600) return `${Math.floor(seconds / 60)}:${two(seconds % 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)} h`;
  return `${Math.floor(seconds / 86400)} d ${two((seconds / 3600) % 24)}:${two((seconds / 60) % 60)} h`;
}

function secondsOf(us) {
  return (us / 1e6).toFixed(6);
}

function clockOf(at_us) {
  const date = new Date(Math.floor(at_us / 1e3));
  if (Number.isNaN(date.getTime())) return String(at_us);
  const micros = String(Math.round(((at_us % 1e3) + 1e3) % 1e3)).padStart(3, "0");
  return date.toISOString().replace("T", " ").replace("Z", micros + " UTC");
}

function countOf(number, one, many) {
  return number.toLocaleString("en") + " " + (number === 1 ? one : many);
}

const SIDE = { client: "the client", camera: "the camera" };

// A row as arrows and boxes: { to: "camera" | "client" | "" (a box), text, lost }.
function sayingsOf(fields) {
  const other = fields.from === "camera" ? "client" : "camera";
  switch (fields.kind) {
    case "transaction": return transaction(fields);
    case "event": return [{ to: "client", text: `event ${fields.event_name || fields.event} of #${fields.id}${paramsOf(fields.params)}` }];
    case "frame": return [{ to: "client", text: `live view: picture ${fields.counter}, ${sizeOf(fields)}` }];
    case "frames": return [{ to: "client", text: `live view: ${countOf(fields.count, "picture", "pictures")} in ${spanOf(fields.duration_us || 0)}, ${sizeOf(fields)}` }];
    case "init": return [{ to: other, text: init(fields) }];
    case "gap": return [{ to: "", text: gap(fields) }];
    case "silence": return [{ to: "", text: `silence of ${spanOf(fields.duration_us)}` }];
    case "discovery": return [{ to: "", text: `${fields.from} to ${fields.to} by ${fields.transport}: ${(fields.lines || []).join(" | ")}` }];
    case "note": return [{ to: "", text: fields.text }];
    default: return [{ to: "", text: JSON.stringify(fields) }];
  }
}

function transaction(fields) {
  const name = fields.operation_name || fields.operation || "unknown operation";
  let ask = `#${fields.id} ${name}(${fields.params_text})`;
  let answer = fields.response_name || fields.response || (fields.hung_up ? "no response, the camera hung up" : "no response in the capture");
  if (fields.response) answer += fields.response_params ? paramsOf(fields.response_params) : " (parameters lost)";
  const data = fields.direction === "none" ? "" : sizeOf(fields) + (fields.data_text ? `: ${fields.data_text}` : "");
  if (fields.direction === "out") ask += ` + ${data}`;
  if (fields.duration_us !== null) answer += ` · ${spanOf(fields.duration_us)}`;
  if (fields.direction === "in") answer += ` · ${data}`;
  return [
    { to: "camera", text: ask, lost: !fields.asked },
    { to: "client", text: answer, lost: !fields.response },
  ];
}

function paramsOf(params) {
  return (params || []).map((param) => " " + hexOf(param)).join("");
}

function sizeOf(fields) {
  const size = bytesOf(fields.bytes ?? fields.data_bytes);
  return fields.missing_bytes > 0 ? `${size}, of which ${bytesOf(fields.missing_bytes)} are lost` : size;
}

function init(fields) {
  const name = JSON.stringify(fields.name ?? "");
  switch (fields.step) {
    case "request": return `init: ${name} asks for a connection`;
    case "ack": return `init: ${name} welcomes`;
    case "fail": return `init: refused${fields.reason ? `, reason ${fields.reason}` : ""}`;
    case "goodbye": return fields.from === "client" ? "goodbye" : "goodbye from the camera: an error, or busy";
    default: return "init: a packet that cannot be read";
  }
}

function gap(fields) {
  const whose = SIDE[fields.from];
  if (!fields.lost) return `gap: ${bytesOf(fields.bytes || 0)} of ${whose} belong to no packet that is known`;
  if (fields.bytes === null) return `gap: what ${whose} said before is not in the capture`;
  return `gap: ${bytesOf(fields.bytes)} of ${whose} are not in the capture`;
}

// An element with text.
function make(name, style, text) {
  const element = document.createElement(name);
  if (style) element.className = style;
  if (text !== undefined) element.textContent = text;
  return element;
}
