"""Packets in frames of Wi-Fi that tshark opened: opened.py, with what `tshark -x` prints on its input.

Prints a line for each packet: number of the frame (from 1), ether type, what is behind it. Messages
of handshakes are left out. Captures are of radiotap; frames in the open are passed over.
"""

import re
import sys

SNAP = "aaaa03000000"
EAPOL = "888e"


def frames(lines):
    """The sources of each frame, by their name; that of the frame itself is `Frame`."""
    sources, name = {}, None
    for line in lines:
        head = re.fullmatch(r"(\S.*) \(\d+ bytes\):", line.rstrip("\n"))
        digits = re.match(r"([0-9a-f]{4,}) ((?: [0-9a-f]{2}){1,16})", line)
        if head:
            name = head.group(1)
        elif digits and int(digits.group(1), 16) == 0:
            # A frame that is not opened has no head.
            name = name or "Frame"
            if name == "Frame" and sources:
                yield sources
                sources = {}
            sources[name] = digits.group(2).replace(" ", "")
        elif digits:
            sources[name] += digits.group(2).replace(" ", "")
        elif not line.strip():
            name = None
    yield sources


def packets(body):
    """Ether type and the rest, of a packet or of each in an aggregate."""
    if body.startswith(SNAP):
        yield body[12:16], body[16:]
        return
    while body:
        length = int(body[24:28], 16) * 2
        assert body[28:40] == SNAP, body[:60]
        yield body[40:44], body[44 : 28 + length]
        body = body[(28 + length + 7) // 8 * 8 :]


for number, sources in enumerate(frames(sys.stdin), 1):
    whole = bytes.fromhex(sources["Frame"])
    start = int.from_bytes(whole[2:4], "little")
    more, fragment = whole[start + 1] & 4, whole[start + 22] & 15
    body = sources.get("Decrypted CCMP data")
    if body is None or more:
        continue
    if fragment:
        body = sources["Reassembled 802.11"]
    for kind, rest in packets(body):
        if kind != EAPOL:
            print(number, kind, rest)
