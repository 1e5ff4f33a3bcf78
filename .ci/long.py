"""Writes a capture that is long, or hostile: long.py FILE RECORDS

A pcap of raw IP packets: a client registers, asks for properties again and again, is refused now and
then, gets events and a live view; names are hostile; there are silences, and a piece that is lost.
Both sides keep the rules, so that there are no remarks on them. RECORDS counts transactions, events
and pictures.
"""

import struct
import sys

COMMANDS, EVENTS, LIVE = 55740, 55741, 55742
CLIENT, CAMERA = bytes([192, 168, 0, 2]), bytes([192, 168, 0, 1])
OK, REFUSED = 0x2001, 0x2019
# All cameras have it.
GUID = bytes.fromhex("0870b0610a8b4593b2e79357dd36e050")
# A camera's name has 19 letters at most.
CLIENT_NAME = "</script><b>\u202egnp.exe"
CAMERA_NAME = "<i onload=a()>X</i>"


class Stream:
    """A connection: what each side sends stands behind what it sent before."""

    def __init__(self, capture, port, own):
        self.capture, self.port, self.own, self.sent = capture, port, own, {}
        for is_client, flags in ((True, 2), (False, 0x12)):
            self.put(is_client, flags, b"")

    def put(self, is_client, flags, data, is_seen=True):
        ends = (CLIENT, CAMERA) if is_client else (CAMERA, CLIENT)
        ports = (self.own, self.port) if is_client else (self.port, self.own)
        at, to = self.sent.get(is_client, 1000), self.sent.get(not is_client, 1000)
        tcp = struct.pack(">HHIIBBHHH", *ports, at, to, 0x50, flags, 0xFFFF, 0, 0)
        ip = struct.pack(">BBHIBBH", 0x45, 0, 40 + len(data), 0x4000, 64, 6, 0) + b"".join(ends)
        if is_seen:
            self.capture.put(ip + tcp + data)
        # The opening of a connection counts as a byte.
        self.sent[is_client] = (at + len(data) + (flags & 2 > 0)) % 2**32

    def say(self, is_client, data, is_seen=True):
        self.put(is_client, 0x18, data, is_seen)


class Capture:
    """A file with the time in it."""

    def __init__(self, file):
        self.file, self.us = file, 1_700_000_000_000_000
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))

    def put(self, packet):
        self.us += 400
        stamp = divmod(self.us, 1_000_000)
        self.file.write(struct.pack("<IIII", *stamp, len(packet), len(packet)) + packet)


def container(kind, code, number, *params):
    data = struct.pack(f"<HHI{len(params)}I", kind, code, number, *params)
    return struct.pack("<I", 4 + len(data)) + data


def name(text):
    return text.encode("utf-16-le").ljust(54, b"\0")


def ask(commands, number, kind):
    """A property is read, a thumbnail is fetched, or a camera refuses."""
    commands.say(True, container(1, *[(0x1015, number, 0xD212), (0x100A, number, number), (0x1015, number, 0xD400)][kind]))
    data = [struct.pack("<HHI", 1, 0x5001, 80), b"\xff\xd8" + bytes(900), b""][kind]
    code = [0x1015, 0x100A, 0x1015][kind]
    commands.say(False, struct.pack("<IHHI", 12 + len(data), 2, code, number) + data)
    commands.say(False, container(3, REFUSED if kind == 2 else OK, number))


def write(file, records):
    capture = Capture(file)
    commands = Stream(capture, COMMANDS, 40000)
    commands.say(True, struct.pack("<IIII", 82, 1, 0x8F53E4F2, 0x5D48A5AD) + bytes(12) + name(CLIENT_NAME))
    commands.say(False, struct.pack("<III", 68, 2, 0) + GUID + name(CAMERA_NAME)[:40])
    capture.us += 50_000
    commands.say(True, container(1, 0x1002, 1, 1))
    commands.say(False, container(3, OK, 1))
    events, live = Stream(capture, EVENTS, 40001), Stream(capture, LIVE, 40002)
    last = 1
    for number in range(2, records):
        if number % 10 == 5:
            picture = b"\xff\xd8" + bytes(300) + b"\xff\xd9"
            live.say(False, struct.pack("<IIIIH", 18 + len(picture), 0, number // 10, 0, 0) + picture)
        elif number % 100 == 7:
            events.say(False, container(4, 0xC004, 1, last, last, 0, 0))
        else:
            kind = 2 if number % 97 == 0 else int(number % 3 == 0)
            last += 1
            ask(commands, last, kind)
        # Of the longer silence there is a remark, of the shorter one there is none.
        if number == records // 4:
            capture.us += 2_000_000
        if number == records // 3:
            capture.us += 7_000_000
        if number == records // 2:
            commands.say(False, bytes(5000), is_seen=False)


def main():
    with open(sys.argv[1], "wb") as file:
        write(file, int(sys.argv[2]))


main()
