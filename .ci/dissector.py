"""Compares what tshark tells with our dissector with what `filmwire decode --json` tells.

    dissector.py TSHARK.json DECODE.json
    dissector.py make FILE

Of each transaction: id, operation, parameters, property, data (its first 64 bytes), value in numbers
and words, list of state, response and its parameters; of events and live view all there is.

`make` writes a capture of what no session here has: each property with many values, operations,
responses and events of no table, data whose code is not the operation's, events, a refusal; all of it
in small segments that end anywhere.
"""

import json
import struct
import sys

VALUE_BYTES = 64
GEOLOCATION = 0xD500


def number(text):
    return int(text, 16) if text.startswith("0x") else int(text)


def fields(layer, name):
    """All values of a field, in order; keys come more than once."""
    for key, value in layer:
        if key == name:
            yield value
        elif isinstance(value, list):
            yield from fields(value, name)


def one(layer, name):
    found = list(fields(layer, name))
    return number(found[0]) if found else None


def packets(file):
    """The packets of tshark: stream, and the layer of each PDU."""
    for packet in json.load(file, object_pairs_hook=list):
        layers = dict(packet)["_source"]
        layers = dict(layers)["layers"]
        stream = one(layers, "tcp.stream")
        for name, layer in layers:
            if name == "_ws.lua.text":
                sys.exit(f"the dissector stumbled: {layer}")
            if name == "fujiptp":
                yield stream, layer
    return


def of_tshark(file):
    """Transactions by stream and id in their order, events, frames."""
    transactions, events, frames, steps = {}, [], [], 0
    for stream, layer in packets(file):
        if any("fujiptp.odd" in str(key) for key, _ in layer) or list(fields(layer, "_ws.expert")):
            sys.exit(f"a packet that is not understood: {layer}")
        kind = one(layer, "fujiptp.type")
        if one(layer, "fujiptp.init") is not None:
            steps += 1
            continue
        if kind is None:
            frames.append((one(layer, "fujiptp.frame"), one(layer, "fujiptp.length")))
            continue
        transaction = one(layer, "fujiptp.transaction")
        params = [number(text) for text in fields(layer, "fujiptp.param")]
        if kind == 4:
            events.append((one(layer, "fujiptp.event"), transaction, params))
            continue
        told = transactions.setdefault((stream, transaction), [])
        if kind == 1 or not told or (kind == 3 and "response" in told[-1]):
            told.append({})
        told = told[-1]
        told.setdefault("operations", []).append(one(layer, "fujiptp.operation"))
        told["property"] = one(layer, "fujiptp.property")
        if kind == 1:
            told["params"] = params
        elif kind == 3:
            told["response"] = one(layer, "fujiptp.response")
            told["response_params"] = params
        else:
            data = list(fields(layer, "fujiptp.data"))
            told["data"] = bytes.fromhex(data[0].replace(":", "")) if data else b""
            told["value"] = one(layer, "fujiptp.value")
            text = [key_value for key_value in fields(layer, "fujiptp.text")]
            told["text"] = text[0] if text else None
            entries = zip(fields(layer, "fujiptp.entry.property"), fields(layer, "fujiptp.entry.value"))
            told["entry_texts"] = list(fields(layer, "fujiptp.entry.text"))
            told["entries"] = [(number(code), number(bits)) for code, bits in entries]
    return transactions, events, frames, steps


def code(text):
    return None if text is None else int(text, 16)


def of_decode(file):
    transactions, events, frames, steps = {}, [], [], 0
    for text in file:
        line = json.loads(text)
        if line["kind"] == "transaction":
            transactions.setdefault((line["connection"], line["id"]), []).append(line)
        elif line["kind"] == "event":
            events.append((code(line["event"]), line["id"], line["params"]))
        elif line["kind"] == "frame":
            frames.append((line["counter"], line["bytes"]))
        elif line["kind"] == "init":
            steps += 1
    return transactions, events, frames, steps


def problems(ours, theirs):
    """What tshark (theirs) tells of a transaction otherwise than decode (ours)."""
    def differ(name, mine, other):
        if mine != other:
            yield f"{name}: decode has {mine}, tshark {other}"

    if ours["asked"]:
        for operation in theirs["operations"]:
            yield from differ("operation", code(ours["operation"]), operation)
        yield from differ("parameters", ours["params"], theirs.get("params"))
    yield from differ("response", code(ours["response"]), theirs.get("response"))
    if ours["response"] is not None:
        yield from differ("its parameters", ours["response_params"], theirs.get("response_params"))
    data = theirs.get("data", b"")
    yield from differ("length of data", ours["data_bytes"], len(data))
    yield from differ("data", ours["value"], data[:VALUE_BYTES].hex())
    if not ours["asked"] or code(ours["operation"]) not in (0x1014, 0x1015, 0x1016, 0x1017):
        return
    if not ours["params"]:
        yield from differ("property", None, theirs["property"])
        return
    prop = ours["params"][0]
    yield from differ("property", prop, theirs["property"])
    if prop == 0xD212 and data:
        known = bytes.fromhex(ours["value"])
        count = int.from_bytes(known[:2], "little")
        yield from differ("entries", count, len(theirs["entries"]))
        wanted = [
            (int.from_bytes(known[at : at + 2], "little"), int.from_bytes(known[at + 2 : at + 6], "little"))
            for at in range(2, len(known) - 5, 6)
        ]
        yield from differ("list", wanted, theirs["entries"][: len(wanted)])
        # Of a long list decode shows the first.
        shown = [entry.split(" = ")[1] for entry in ours["data_text"].split(", ") if " = " in entry]
        yield from differ("list in words", shown, theirs["entry_texts"][: len(shown)])
    elif prop == GEOLOCATION and data and code(ours["operation"]) != 0x1014:
        yield from differ("place", ours["data_text"], theirs["text"] or "")
    elif len(data) in (1, 2, 4) and code(ours["operation"]) != 0x1014:
        yield from differ("value", int.from_bytes(data, "little"), theirs["value"])
        yield from differ("words", ours["data_text"], theirs["text"])


class Wire:
    """One connection of a pcap: cuts what is said into segments of changing size."""

    def __init__(self, file, client_port, port):
        self.file, self.ports, self.next, self.step = file, (client_port, port), [1000, 2000], 0
        self.put(0, 0x02)
        self.put(1, 0x12)

    def put(self, side, flags, data=b""):
        (own, other), ports = (side, 1 - side), self.ports
        tcp = struct.pack(">HHIIBBHHH", ports[own], ports[other], self.next[own], self.next[other], 0x50, flags, 65535, 0, 0)
        hosts = [b"\xc0\xa8\x00\x02", b"\xc0\xa8\x00\x01"]
        head = struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(data), 0, 0x4000, 64, 6, 0)
        packet = head + hosts[own] + hosts[other] + tcp + data
        Wire.clock = getattr(Wire, "clock", 0) + 100
        self.file.write(struct.pack("<IIII", 1700000000, Wire.clock, len(packet), len(packet)) + packet)
        self.next[own] += len(data) + (1 if flags & 3 else 0)

    def say(self, side, data):
        while data:
            self.step = (self.step * 7 + 5) % 61
            part, data = data[: self.step + 1], data[self.step + 1 :]
            self.put(side, 0x18, part)

    def end(self):
        self.put(0, 0x11)
        self.put(1, 0x11)


def container(kind, code, ident, payload=b""):
    return struct.pack("<IHHI", 12 + len(payload), kind, code, ident) + payload


def words_of(*numbers):
    return struct.pack(f"<{len(numbers)}I", *numbers)


def registration(wire):
    name = "somebody".encode("utf-16-le")
    request = struct.pack("<III", 82, 1, 0x8F53E4F2) + bytes(16) + name.ljust(54, b"\0")
    wire.say(0, request)
    wire.say(1, struct.pack("<III", 12, 5, 0x201D))
    wire.say(0, request)
    wire.say(1, struct.pack("<III", 68, 2, 0) + bytes(16) + "X-T9".encode("utf-16-le").ljust(40, b"\0"))


def make(path):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        wire, ident = Wire(file, 40000, 55740), 0
        registration(wire)
        properties = [*range(0x5001, 0x5013), *range(0xD001, 0xD030), 0xD17C, *range(0xD200, 0xD250), *range(0xDF00, 0xDF32)]
        values = [*range(0, 13), 300, 333, 560, 1300, 0x7FFF, 0x8000, 0x8001, 0xFD65, 0xFFFF]
        # Numbers with flags, and what nobody knows.
        wide = [0x8000EA60, 0x80000514, 0x8000_1900, 0x40000064, 0x4000C800, 0x03020705, 0x03020005, 0x90000001, 0xFFFFFFFF]
        place = "5229.131848,N 01322.842972,E 00034.50,M 000.0,K 2016:01:03 15:41:40.130\0"
        places = [bytes([len(place)]) + place.encode("utf-16-le"), b"\3a\0b\0", b"\0"]
        said = [(prop, value) for prop in properties for value in values + wide if prop != 0xD212]
        for prop, value in [*said, *((GEOLOCATION, place) for place in places)]:
            ident += 1
            reads = ident % 3 > 0
            code = 0x1015 if reads else 0x1016
            if isinstance(value, bytes):
                data = value
            else:
                data = value.to_bytes(2 if ident % 2 and value < 0x10000 else 4, "little")
            wire.say(0, container(1, code, ident, words_of(prop)))
            # What clients write there may be anything.
            wire.say(1 if reads else 0, container(2, code if reads else 0x1234, ident, data))
            wire.say(1, container(3, 0x2001 if ident % 5 else 0x2FFF, ident))
        for count in (0, 1, 10):
            ident += 1
            entries = b"".join(struct.pack("<HI", properties[at * 9], at * 5) for at in range(count))
            wire.say(0, container(1, 0x1015, ident, words_of(0xD212)))
            wire.say(1, container(2, 0x1015, ident, struct.pack("<H", count) + entries) + container(3, 0x2001, ident))
        for code in range(0x1000, 0x1020):
            ident += 1
            wire.say(0, container(1, code, ident, words_of(*range(ident % 6))))
            wire.say(1, container(3, 0x2001 + code % 32, ident, words_of(*range(ident % 3))))
        wire.say(0, container(1, 0x9FFF, ident + 1, words_of(1, 0xFFFFFFFF)))
        wire.say(1, container(2, 0x9FFF, ident + 1, b"12345") + container(3, 0x2019, ident + 1))
        wire.say(0, b"\x08\0\0\0\xff\xff\xff\xff")
        wire.end()
        events = Wire(file, 40001, 55741)
        for code in [*range(0x4000, 0x4010), 0xC001, 0xC004, 0xCFFF]:
            # The header has the session; the transaction stands behind it.
            events.say(1, container(4, code, 1, words_of(code & 0xFF, *range(code % 4))))
        events.end()
        live = Wire(file, 40002, 55742)
        for counter in range(20):
            jpeg = b"\xff\xd8" + bytes(counter * 13) + b"\xff\xd9"
            live.say(1, struct.pack("<IIIIH", 18 + len(jpeg), 0, counter, 0, 7) + jpeg)
        live.end()


def main():
    if sys.argv[1] == "make":
        make(sys.argv[2])
        return
    with open(sys.argv[1]) as tshark, open(sys.argv[2]) as decode:
        theirs, ours = of_tshark(tshark), of_decode(decode)
    # Streams are counted from 0 by one and from 1 by the other, and both in the order of the capture.
    numbers = [sorted({connection for connection, _ in told[0]}) for told in (ours, theirs)]
    pairs = dict(zip(*numbers))
    if len(numbers[0]) != len(numbers[1]):
        sys.exit(f"connections: {numbers}")
    count, wrong = 0, []
    for (connection, ident), mine in ours[0].items():
        other = theirs[0].get((pairs[connection], ident), [])
        if len(other) != len(mine):
            wrong.append(f"#{ident} of {connection}: {len(mine)} times, {len(other)} in tshark")
            continue
        for one_of_ours, one_of_theirs in zip(mine, other):
            count += 1
            found = list(problems(one_of_ours, one_of_theirs))
            wrong += [f"#{ident} of {connection} {one_of_ours['operation_name']}: {text}" for text in found]
    extra = len(theirs[0]) - len(ours[0])
    if extra:
        wrong.append(f"tshark has {extra} transactions more")
    if ours[1] != theirs[1]:
        wrong.append(f"events: {ours[1]} and {theirs[1]}")
    if ours[2] != theirs[2]:
        wrong.append(f"live view: {len(ours[2])} frames and {len(theirs[2])}")
    if ours[3] != theirs[3]:
        wrong.append(f"steps of the registration: {ours[3]} and {theirs[3]}")
    for text in wrong[:20]:
        print(text)
    if wrong or count < 20:
        sys.exit(f"{len(wrong)} differences in {count} transactions")
    print(f"{count} transactions, {len(ours[1])} events, {len(ours[2])} frames: tshark and decode agree")


main()
