"""Compares what `filmwire decode --json` tells of a capture with what the camera wrote down.

    wire.py CAPTURE DECODED JOURNAL SAID
    wire.py unknown DECODED UNKNOWN

CAPTURE is tcpdump's, from the first packet on; SAID is what `filmwire sim --json` printed. Each way
of each connection is added up twice: from the capture's own sequence numbers, and from the fields of
what decode tells of it. Then everything is falsified bit by bit; the comparison must see each.

UNKNOWN is what `decode --unknown --json` tells of the same: everything without a name or words in
DECODED must be counted there.
"""

import copy
import json
import re
import struct
import sys

VALUE_BYTES = 64
ETHERNET, RADIX = 1, 1 << 32
ROLES = ("command", "events", "live view")
# What is no transaction and no event has one length (the fact sheet's sections 1.3 and 8.6).
INIT = {"request": 82, "ack": 68, "fail": 12, "goodbye": 8}
HEADER, EVENT_HEADER = 12, 16


def packets(capture):
    """Source, destination, sequence number, flags and payload's length of each TCP packet."""
    data = open(capture, "rb").read()
    magic, _, _, _, _, _, link = struct.unpack_from("<IHHIIII", data)
    assert magic == 0xA1B2C3D4 and link == ETHERNET, "tcpdump wrote another format"
    at = 24
    while at < len(data):
        _, _, captured, length = struct.unpack_from("<IIII", data, at)
        assert captured == length, "a packet is cut"
        packet = data[at + 16 + 14 : at + 16 + captured]
        at += 16 + captured
        begin, total = (packet[0] & 15) * 4, struct.unpack_from(">H", packet, 2)[0]
        source, destination, sequence = struct.unpack_from(">HHI", packet, begin)
        header = (packet[begin + 12] >> 4) * 4
        yield source, destination, sequence, packet[begin + 13], total - begin - header


def connections(capture, port):
    """The connections in the order of their first packet: role, and bytes of client and camera."""
    found, places = [], {}
    for source, destination, sequence, flags, length in packets(capture):
        from_client = port <= destination < port + 3
        ends = (source, destination) if from_client else (destination, source)
        is_syn = flags & 2
        if is_syn and from_client:
            places[ends] = len(found)
            found.append({"role": ROLES[ends[1] - port], "first": [None, None], "bytes": [0, 0]})
        one, way = found[places[ends]], 0 if from_client else 1
        if is_syn:
            one["first"][way] = sequence + 1
        if length:
            # What comes again does not count again.
            said = (sequence + length - one["first"][way]) % RADIX
            one["bytes"][way] = max(one["bytes"][way], said)
    return found


def code(text):
    return None if text is None else int(text, 16)


def steps(lines):
    """What decode tells of a connection of commands, as a journal has it."""
    for line in lines:
        if line["kind"] == "transaction":
            out = line["direction"] == "out"
            yield (
                line["id"], code(line["operation"]), line["params"], line["direction"], line["data_bytes"],
                line["value"] if out else "", code(line["response"]),
            )
        elif line["kind"] == "init" and line["step"] == "request":
            yield ["request", line["name"], None]
        elif line["kind"] == "init" and line["step"] == "goodbye":
            yield "goodbye"
        elif line["kind"] == "init":
            yield line["step"], code(line["reason"])


def transcript(lines):
    """The same with the answer of a registration in its row."""
    told = []
    for step in steps(lines):
        if step in (("ack", None),) or step[0] == "fail":
            told[-1][2] = 0x2001 if step[0] == "ack" else step[1]
        else:
            told.append(step)
    return told


def journal(rows):
    """What the camera wrote of a connection."""
    for row in rows:
        value = bytes(row["value"])
        if row.get("note") == "init":
            name = value[28:].decode("utf-16-le").split("\0")[0]
            yield ["request", name, row["response"]]
        elif row.get("note") == "goodbye":
            yield "goodbye"
        elif row["operation"]:
            out = row["direction"] == "out"
            yield (
                row["transaction"], row["operation"], row["params"], row["direction"], row["length"],
                value.hex() if out else "", row["response"],
            )


def lengths(lines):
    """Bytes of client and camera, as the fields of what decode tells add up."""
    total = [0, 0]
    for line in lines:
        if line["kind"] == "transaction":
            assert line["missing_bytes"] == 0, line
            total[0] += HEADER + 4 * len(line["params"]) if line["asked"] else 0
            if line["direction"] != "none":
                total[line["direction"] == "in"] += HEADER + line["data_bytes"]
            total[1] += HEADER + 4 * len(line["response_params"] or []) if line["response"] else 0
        elif line["kind"] == "init":
            total[line["from"] == "camera"] += INIT[line["step"]]
        elif line["kind"] == "event":
            total[1] += EVENT_HEADER + 4 * len(line["params"])
        elif line["kind"] == "frame":
            assert line["missing_bytes"] == 0, line
            total[1] += line["bytes"]
    return total


class Telling:
    """Everything that is compared."""

    def __init__(self, capture, decoded, rows, said):
        lines = [json.loads(text) for text in open(said)]
        self.served = lines[-1]
        assert self.served["kind"] == "summary", self.served
        self.port = int(re.search(r"\d+$", lines[0]["address"]).group())
        self.heard = connections(capture, self.port)
        self.lines = [json.loads(text) for text in open(decoded)]
        self.summary = self.lines.pop()
        self.rows = [json.loads(text) for text in open(rows)]

    def of(self, kind):
        return [line for line in self.lines if line["kind"] == kind]


def problems(telling):
    """What is told otherwise."""
    def differ(name, ours, theirs):
        if ours != theirs:
            yield f"{name}: decode has {ours}, the other side {theirs}"

    heard, summary, served = telling.heard, telling.summary, telling.served
    yield from differ("gaps", telling.of("gap"), [])
    yield from differ("connections", summary["connections"], len(heard))
    said = sum(sum(one["bytes"]) for one in heard)
    yield from differ("bytes", [summary["said_bytes"], summary["packet_bytes"]], [said, said])
    by_number, commands = {}, []
    for line in telling.lines:
        by_number.setdefault(line.get("connection"), []).append(line)
    for number, one in enumerate(heard, 1):
        yield from differ(f"fields' bytes of connection {number}", lengths(by_number.get(number, [])), one["bytes"])
        if one["role"] == "command":
            commands.append(by_number.get(number, []))
    by_number = {}
    for row in telling.rows:
        by_number.setdefault(row["connection"], []).append(row)
    yield from differ("connections of commands", len(commands), served["connections"])
    for number, lines in enumerate(commands, 1):
        ours, theirs = transcript(lines), list(journal(by_number.get(number, [])))
        # A camera that went away instead of answering did not read the goodbye either, which decode
        # shows before it gives the answer up.
        if theirs and theirs[-1] != "goodbye" and theirs[-1][-1] is None and "goodbye" in ours[-2:]:
            ours.remove("goodbye")
        yield from differ(f"rows of connection {number}", len(ours), len(theirs))
        for row, (mine, other) in enumerate(zip(ours, theirs), 1):
            yield from differ(f"row {row} of connection {number}", mine, other)
    operations = sum(line["asked"] for line in telling.of("transaction"))
    yield from differ("operations", operations, served["operations"])
    camera = sum(one["bytes"][1] for one in heard if one["role"] == "command")
    yield from differ("bytes the camera sent", camera, served["sent_bytes"])
    yield from differ("events", len(telling.of("event")), served["events"])
    # A last frame may have met a viewer who left.
    viewers = sum(one["role"] == "live view" for one in heard)
    frames = len(telling.of("frame"))
    if not 0 <= served["frames"] - frames <= viewers:
        yield from differ(f"frames of {viewers} viewers", frames, served["frames"])


def falsified(telling):
    """The same with one thing told wrongly, or left out, or put elsewhere."""
    def other(change):
        wrong = copy.copy(telling)
        wrong.lines, wrong.summary = list(telling.lines), dict(telling.summary)
        change(wrong)
        return wrong

    def changed(at, name, value):
        def change(wrong):
            wrong.lines[at] = {**wrong.lines[at], name: value}
        return other(change)

    asked = [at for at, line in enumerate(telling.lines) if line["kind"] == "transaction"]
    # The first of each operation and direction does for its like.
    likes = {(telling.lines[at]["operation"], telling.lines[at]["direction"]): at for at in reversed(asked)}
    for at in likes.values():
        line = telling.lines[at]
        wrongs = {
            "id": line["id"] + 1, "operation": "0x1001" if line["operation"] != "0x1001" else "0x1002",
            "params": [*line["params"], 0], "data_bytes": line["data_bytes"] + 1, "response": "0x2002" if line["response"] != "0x2002" else "0x2001",
            "direction": {"in": "out", "out": "none", "none": "in"}[line["direction"]],
        }
        if line["response"]:
            wrongs["response_params"] = [*line["response_params"], 0]
        if line["direction"] == "out" and line["value"]:
            wrongs["value"] = f"{int(line['value'][:2], 16) ^ 1:02x}{line['value'][2:]}"
        for name, value in wrongs.items():
            yield f"another {name} of {line}", changed(at, name, value)
        yield f"without {line}", other(lambda wrong, at=at: wrong.lines.pop(at))
        yield f"twice {line}", other(lambda wrong, at=at: wrong.lines.insert(at, wrong.lines[at]))
        def swap(wrong, at=at):
            wrong.lines[at], wrong.lines[at + 1] = wrong.lines[at + 1], wrong.lines[at]
        if at + 1 in asked:
            yield f"in another order {line}", other(swap)
    for kind in ("init", "event", "frame"):
        first = next((at for at, line in enumerate(telling.lines) if line["kind"] == kind), None)
        if first is not None:
            yield f"without the first {kind}", other(lambda wrong, at=first: wrong.lines.pop(at))
    for name in ("said_bytes", "packet_bytes", "connections"):
        def fewer(wrong, name=name):
            wrong.summary[name] -= 1
        yield f"fewer {name}", other(fewer)


def is_unknown(name):
    return name is None or name.startswith("UNKNOWN_")


def unexplained(lines):
    """What no table explains, as often as decode shows it."""
    pictures = (0x1009, 0x100A, 0x101B, 0x9022)
    count = dict.fromkeys(("operation", "response", "event", "data", "bytes"), 0)
    for line in lines:
        if line["kind"] == "transaction" and line["operation"]:
            known = not is_unknown(line["operation_name"])
            count["operation"] += not known
            count["response"] += line["response"] is not None and is_unknown(line["response_name"])
            has_words = line["data_text"] or not line["data_bytes"] or code(line["operation"]) in pictures
            count["data"] += known and not has_words
        elif line["kind"] == "event":
            count["event"] += is_unknown(line["event_name"])
    return count


def unknown(decoded, told):
    wanted = unexplained(json.loads(text) for text in open(decoded))
    found = dict.fromkeys(wanted, 0)
    for line in map(json.loads, open(told)):
        if line["kind"] == "unknown" and line["what"] in found:
            found[line["what"]] += line["count"]
    if found != wanted:
        sys.exit(f"--unknown counts {found}, the transcript has {wanted}")


def main(files):
    telling = Telling(*files)
    found = list(problems(telling))
    if found:
        sys.exit("\n".join(found[:20]))
    wrongs = 0
    for name, wrong in falsified(telling):
        wrongs += 1
        if not any(problems(wrong)):
            sys.exit(f"the comparison does not see it: {name}")
    print(
        f"{len(telling.heard)} connections, {len(telling.of('transaction'))} transactions, {len(telling.of('event'))}"
        f" events, {len(telling.of('frame'))} frames, {telling.summary['said_bytes']} bytes; {wrongs} falsified"
    )


if sys.argv[1] == "unknown":
    unknown(*sys.argv[2:])
else:
    main(sys.argv[1:])
