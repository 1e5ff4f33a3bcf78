"""Damages a capture, and tells whether what decode still shows of it is true.

    damage.py holes|noise SEED CAPTURE DAMAGED
    damage.py true WHOLE.json DAMAGED.json

`holes`: packets are lost, cut, doubled and late; the file may begin in the middle and ends anywhere.
`noise`: bytes of the file, its own headers among them, are others. The seed is any text.

`true` takes what `filmwire decode --json` tells of both. Each transaction, event, frame and name in
a capture with holes must be one of the whole capture, in what is shown of it, and each connection's
transactions those of one connection there; and something must be left.
"""

import json
import random
import struct
import sys

FILE_HEADER, PACKET_HEADER = 24, 16


def packets(data):
    at = FILE_HEADER
    while at < len(data):
        captured = struct.unpack_from("<I", data, at + 8)[0]
        yield data[at : at + PACKET_HEADER + captured]
        at += PACKET_HEADER + captured


def cut(packet, keep):
    """The packet with fewer bytes captured than it had."""
    head, body = packet[:PACKET_HEADER], packet[PACKET_HEADER : PACKET_HEADER + keep]
    return head[:8] + struct.pack("<I", len(body)) + head[12:] + body


def holes(data, chance):
    late = []
    for at, packet in enumerate(packets(data)):
        fate = chance.random()
        if fate < 0.04:
            continue
        if fate < 0.06:
            packet = cut(packet, chance.randrange(len(packet)))
        if fate > 0.96:
            late.append((at, packet))
        late.append((at + chance.choice([0] * 19 + [1, 2, 6]), packet))
    # Those of one place keep their order.
    kept = [packet for _, packet in sorted(late, key=lambda one: one[0])]
    if chance.random() < 0.5:
        kept = kept[chance.randrange(len(kept) // 4) :]
    out = data[:FILE_HEADER] + b"".join(kept)
    return out[: len(out) - chance.randrange(2000)]


def noise(data, chance):
    out = bytearray(data)
    for _ in range(chance.randrange(1, 200)):
        # Most of it is payload; headers are hit as often.
        near = FILE_HEADER if chance.random() < 0.02 else len(out)
        out[chance.randrange(near)] = chance.choice([0, 0xFF, chance.randrange(256)])
    for _ in range(chance.randrange(4)):
        at = chance.randrange(len(out))
        del out[at : at + chance.randrange(1, 100)]
    return bytes(out)


def read(file):
    return [json.loads(text) for text in open(file)]


def fits(shown, truth):
    """True if what is shown of a transaction is what it was."""
    same = ["id"]
    if shown["asked"]:
        same += ["operation"] + (["params"] if shown["params"] is not None else [])
    if shown["response"] is not None:
        same += ["response"] + (["response_params"] if shown["response_params"] is not None else [])
    if shown["direction"] != "none":
        same += ["direction", "data_bytes"]
    return all(shown[name] == truth[name] for name in same) and truth["value"].startswith(shown["value"])


def by_connection(lines):
    found = {}
    for line in lines:
        if line["kind"] == "transaction":
            found.setdefault(line["connection"], []).append(line)
    return found


def untrue(whole, damaged):
    """What was never said so."""
    truth = by_connection(whole).values()
    for shown in by_connection(damaged).values():
        def left(known):
            return next((one for one in shown if not any(fits(one, other) for other in known)), None)
        asked = [one["id"] for one in shown if one["asked"]]
        if len(asked) != len(set(asked)):
            yield {"asked twice": asked}
        wrong = [left(known) for known in truth]
        if all(wrong):
            yield wrong[0]
    names = {
        "event": ["event", "id", "params"], "frame": ["counter", "bytes"], "init": ["from", "step", "name", "reason"],
    }
    for kind, wanted in names.items():
        known = [[line[name] for name in wanted] for line in whole if line["kind"] == kind]
        for line in damaged:
            # A packet that is said to be broken says nothing else.
            if line["kind"] == kind and line.get("step") != "broken" and [line[name] for name in wanted] not in known:
                yield line


def true(whole, damaged):
    wrong = next(untrue(whole, damaged), None)
    if wrong:
        sys.exit(f"never said: {json.dumps(wrong)}")
    shown, said = (sum(line["kind"] == "transaction" for line in lines) for lines in (damaged, whole))
    if shown < said / 4:
        sys.exit(f"only {shown} transactions of {said} are left")
    # The comparison must be able to fail.
    for at, line in enumerate(damaged):
        if line["kind"] in ("transaction", "event", "frame"):
            name = {"transaction": "id", "event": "id", "frame": "bytes"}[line["kind"]]
            wrong = [{**line, name: line[name] + 100_000}]
            if not any(untrue(whole, wrong)):
                sys.exit(f"it does not see a wrong {name} of {line}")
    print(f"{shown} of {said} transactions with holes, all true")


if sys.argv[1] == "true":
    true(read(sys.argv[2]), read(sys.argv[3]))
else:
    way, seed, source, target = sys.argv[1:]
    data = {"holes": holes, "noise": noise}[way](open(source, "rb").read(), random.Random(seed))
    open(target, "wb").write(data)
