#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""List and fetch what is on the card of a Fujifilm camera over its own Wi-Fi.

Written from the protocol book alone; "Book:" names the page. It changes nothing on the card.
Exit codes: 0 done, 1 there is no such object, 2 anything else.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

# Seconds to wait. Book: transport.md, "How long to wait".
USUAL = 5.0
SLOW = 15.0
REGISTRATION = 30.0
PERSON = 60.0
PIECE_WAIT = 60.0

PIECE = 0x100000
GOODBYE = struct.pack("<II", 8, 0xFFFFFFFF)
LONGER_THAN_FITS = 0xFFFFFFFF


class Kind(IntEnum):
    """Type of a container. Book: framing.md, "The container"."""

    COMMAND = 1
    DATA = 2
    RESPONSE = 3


class Op(IntEnum):
    """Operations. Book: codes.md."""

    OPEN_SESSION = 0x1002
    CLOSE_SESSION = 0x1003
    GET_INFO = 0x1008
    READ_PROPERTY = 0x1015
    WRITE_PROPERTY = 0x1016
    STOP_CAPTURE = 0x1018
    GET_PARTIAL = 0x101B
    START_CAPTURE = 0x101C


class Answer(IntEnum):
    """Response codes. Book: codes.md."""

    OK = 0x2001
    BAD_HANDLE = 0x2009
    BUSY = 0x2019
    ALREADY_OPEN = 0x201E


class Prop(IntEnum):
    """Properties. Book: codes.md."""

    CHANGES = 0xD212
    COUNT = 0xD222
    RESIZE = 0xD226
    REAL_SIZE = 0xD227
    IMPORT_COUNT = 0xD620
    STATE = 0xDF00
    MODE = 0xDF01
    VIEW = 0xDF22
    REMOTE = 0xDF24
    REMOTE_VIEW = 0xDF25
    NEWER_VIEW = 0xDF28


class State(IntEnum):
    """Values of DF00. Book: modes.md, "Two states"."""

    WAIT = 0
    VIEW = 2
    NEUTRAL = 6
    GALLERY = 11
    NEWER = 20


class Mode(IntEnum):
    """Values of DF01. Book: modes.md, "Two states"."""

    VIEW = 2
    REMOTE = 5
    GALLERY = 11
    NEWER = 20


FORMATS = {0x3801: "JPEG", 0x300D: "MOV", 0xB103: "RAF", 0xB982: "MP4", 0x380D: "TIFF"}


class CameraError(Exception):
    """Something that went wrong, in words for a person."""


class NoSuchObjectError(CameraError):
    """The card has no such object."""


@dataclass(frozen=True)
class ObjectInfo:
    """One object of the card. Book: objects.md, "ObjectInfo"."""

    handle: int
    format: int
    size: int
    name: str
    date: str

    @classmethod
    def decode(cls, handle: int, payload: bytes) -> ObjectInfo:
        """Read the 52 fixed bytes and the first two strings behind them."""
        try:
            kind, _, size = struct.unpack_from("<HHI", payload, 4)
            name, end = read_string(payload, 52)
            date, _ = read_string(payload, end)
        except (struct.error, IndexError) as error:
            raise CameraError(f"what the camera tells of object {handle} is cut short") from error
        return cls(handle, kind, size, name, date)

    def __str__(self) -> str:
        """One line, with tabs between; odd characters are escaped."""
        size = "?" if self.size == LONGER_THAN_FITS else str(self.size)
        kind = FORMATS.get(self.format, f"0x{self.format:04X}")
        return "\t".join((str(self.handle), escaped(self.name), size, kind, escaped(self.date)))

    def file_name(self) -> str:
        """Return a name that is safe on the disk. Book: objects.md, "Traps"."""
        safe = re.fullmatch(r"\w[\w.-]{0,99}", self.name, re.ASCII)
        return self.name if safe else f"object-{self.handle}"


def escaped(text: str) -> str:
    """Text that is safe on any terminal."""
    return ascii(text)[1:-1]


def read_string(data: bytes, at: int) -> tuple[str, int]:
    """Return the text at an offset, and where it ends. Book: framing.md, "Strings, arrays"."""
    end = at + 1 + 2 * data[at]
    if end > len(data):
        raise IndexError
    return data[at + 1 : end].decode("utf-16-le", "replace").split("\0")[0], end


def connect(host: str, port: int, tries: int = 1) -> socket.socket:
    """Connect; a port may be refused for a moment. Book: transport.md, "Order of sockets"."""
    for left in reversed(range(tries)):
        try:
            sock = socket.create_connection((host, port), timeout=USUAL)
        except OSError as error:
            if not left:
                raise CameraError(f"no camera answers at {host}, port {port}: {error}") from error
            time.sleep(0.5)
        else:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
    raise ValueError(tries)


@dataclass
class Link:
    """The command connection: packets in order, each with an end to its wait."""

    sock: socket.socket
    transaction: int = 0
    in_step: bool = True  # no answer is outstanding

    def receive(self, length: int, deadline: float) -> bytes:
        """Read exactly so many bytes, whatever segments they come in."""
        data = bytearray()
        while len(data) < length:
            self.sock.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                part = self.sock.recv(min(length - len(data), 1 << 18))
            except TimeoutError as error:
                raise CameraError("the camera does not answer") from error
            if not part:
                raise CameraError("the camera closed the connection")
            data += part
        return bytes(data)

    def packet(self, wait: float) -> bytes:
        """Read one packet; return what is behind its length. Book: framing.md, "The container"."""
        deadline = time.monotonic() + wait
        head = self.receive(4, deadline)
        (length,) = struct.unpack("<I", head)
        if length == len(GOODBYE):
            if head + self.receive(4, deadline) == GOODBYE:
                raise CameraError("the camera ended the session, or is busy")
        elif 12 <= length <= 12 + PIECE:
            return self.receive(length - 4, deadline)
        raise CameraError(f"the camera sent nonsense (a packet of {length} bytes)")

    def send(self, data: bytes) -> None:
        """Send all of it; a camera that takes nothing ends the wait."""
        self.sock.settimeout(USUAL)
        self.sock.sendall(data)

    def register(self) -> None:
        """Ask until the camera welcomes us. Book: registration.md."""
        guid = 0x5D48A5AD, 0x0B7FB287, 0xD0DED5D3, 0
        name = "fuji.py".encode("utf-16-le")
        request = struct.pack("<III4I54s", 82, 1, 0x8F53E4F2, *guid, name)
        give_up = time.monotonic() + PERSON
        while True:
            self.send(request)
            kind, reason = struct.unpack_from("<II", self.packet(REGISTRATION))
            if kind == 2:
                return
            if (kind, reason) != (5, Answer.BUSY) or time.monotonic() > give_up:
                raise CameraError(f"the camera does not take us as a client (0x{reason:04X})")
            time.sleep(0.5)

    def operation(
        self,
        code: Op,
        *params: int,
        data: bytes | None = None,
        wait: float = USUAL,
        what: str = "to go on",
    ) -> tuple[bytes, list[int]]:
        """Return payload and response parameters. Book: framing.md, "Transactions"."""
        self.transaction += 1
        self.in_step = False
        head = struct.pack("<HI", code, self.transaction)
        words = struct.pack(f"<{len(params)}I", *params)
        message = struct.pack("<IH", 12 + len(words), Kind.COMMAND) + head + words
        if data is not None:
            message += struct.pack("<IH", 12 + len(data), Kind.DATA) + head + data
        self.send(message)
        payload = b""
        kind, answer, rest = self.container(wait)
        if kind == Kind.DATA:
            payload = rest
            kind, answer, rest = self.container(wait)
        if kind != Kind.RESPONSE or len(rest) % 4:
            raise CameraError("the camera answered something else than what was asked")
        self.in_step = True
        if answer == Answer.BAD_HANDLE:
            raise NoSuchObjectError(f"the card has no {what}")
        if answer not in (Answer.OK, Answer.ALREADY_OPEN):
            busy = ", it is busy" if answer == Answer.BUSY else ""
            raise CameraError(f"the camera refused {what} (0x{answer:04X}{busy})")
        return payload, list(struct.unpack(f"<{len(rest) // 4}I", rest))

    def container(self, wait: float) -> tuple[int, int, bytes]:
        """Read a container of this transaction: type, code, and what is behind its header."""
        body = self.packet(wait)
        kind, code, transaction = struct.unpack_from("<HHI", body)
        if transaction != self.transaction:
            raise CameraError("the camera answered another question than ours")
        return kind, code, body[8:]

    def leave(self) -> None:
        """End the session if no answer is outstanding, and hang up."""
        with suppress(CameraError, OSError), self.sock:
            try:
                if self.in_step and self.transaction:
                    self.operation(Op.CLOSE_SESSION)
            finally:
                self.send(GOODBYE)


@dataclass
class Camera:
    """A session with a camera, by the ten steps of the book's README.md."""

    host: str
    port: int
    link: Link
    newer: bool = False
    told: dict[int, int] = field(default_factory=dict)
    extra: list[socket.socket] = field(default_factory=list)

    def read(self, prop: Prop) -> bytes:
        """Read a property; an empty answer says that the body has no such thing."""
        return self.link.operation(Op.READ_PROPERTY, prop, what=f"to tell {prop:04X}")[0]

    def write(self, prop: Prop, value: int, wait: float = USUAL) -> None:
        """Write a property of two bytes. Book: framing.md, "Reading and writing properties"."""
        data = struct.pack("<H", value)
        what = f"{prop:04X} = {value}"
        self.link.operation(Op.WRITE_PROPERTY, prop, data=data, wait=wait, what=what)

    def agree(self, prop: Prop, version: bytes) -> None:
        """Write back a version as it was read, if there is one. Book: modes.md, "Versions"."""
        if version:
            what = f"its own version {prop:04X}"
            self.link.operation(Op.WRITE_PROPERTY, prop, data=version, what=what)

    def changes(self) -> dict[int, int]:
        """Read D212; return all it told until now. Book: modes.md, "The list of what changed"."""
        payload = self.read(Prop.CHANGES)
        try:
            (count,) = struct.unpack_from("<H", payload)
            for index in range(count):
                code, value = struct.unpack_from("<HI", payload, 2 + 6 * index)
                self.told[code] = value
        except struct.error as error:
            raise CameraError("the camera's list of changes is cut short") from error
        return self.told

    def unchanged(self, count: int | None) -> None:
        """See that nothing came or went: that shifts all handles. Book: objects.md, "Handles"."""
        if self.changes().get(Prop.COUNT) != count:
            raise CameraError("the card changed meanwhile; try again")

    def open(self) -> None:
        """Open session and gallery. Book: modes.md, "The opening all modes share"."""
        print("fuji.py: if the camera asks, press OK on it", file=sys.stderr)
        self.link.register()
        time.sleep(0.05)
        self.link.operation(Op.OPEN_SESSION, 1, what="a session")
        give_up = time.monotonic() + PERSON
        while self.changes().get(Prop.STATE, State.WAIT) == State.WAIT:
            if time.monotonic() > give_up:
                raise CameraError("nobody pressed OK on the camera")
            time.sleep(0.1)
        self.choose_way()
        self.changes()

    def choose_way(self) -> None:
        """Find the way to the gallery. Book: modes.md, "Choosing the way"."""
        state = self.told[Prop.STATE]
        if state not in (State.VIEW, State.NEUTRAL, State.GALLERY, State.NEWER):
            raise CameraError(f"the camera does something else (state {state}): leave it there")
        remote = self.read(Prop.REMOTE)
        if state == State.NEWER:
            self.newer_gallery(self.read(Prop.NEWER_VIEW))
        elif remote:
            self.remote_gallery(remote)
        elif (view := self.read(Prop.VIEW)) or not (newer := self.read(Prop.NEWER_VIEW)):
            self.write(Prop.MODE, Mode.VIEW, PERSON)
            self.agree(Prop.VIEW, view)
        else:
            self.newer_gallery(newer)

    def remote_gallery(self, version: bytes) -> None:
        """Run and stop the remote function. Book: modes.md, "... of a body with remote mode"."""
        self.write(Prop.MODE, Mode.REMOTE, PERSON)
        self.agree(Prop.REMOTE, version)
        self.link.operation(Op.START_CAPTURE, 0, 0, what="the remote function")
        started = self.link.transaction
        self.changes()
        for port in (self.port + 1, self.port + 2):
            self.extra.append(connect(self.host, port, tries=10))
        self.changes()
        self.link.operation(Op.STOP_CAPTURE, started, what="to end the remote function")
        self.changes()
        self.write(Prop.STATE, State.NEUTRAL)
        self.changes()
        self.write(Prop.MODE, Mode.GALLERY, PERSON)
        self.agree(Prop.REMOTE_VIEW, self.read(Prop.REMOTE_VIEW))

    def newer_gallery(self, version: bytes) -> None:
        """Do what libfuji does, but for the unknown operations. Book: modes.md, "The newer way"."""
        self.newer = True
        self.write(Prop.MODE, Mode.NEWER, PERSON)
        self.agree(Prop.NEWER_VIEW, version)
        self.write(Prop.RESIZE, 0)
        self.write(Prop.REAL_SIZE, 0)
        if Prop.COUNT not in self.changes() and len(count := self.read(Prop.IMPORT_COUNT)) == 4:
            (self.told[Prop.COUNT],) = struct.unpack("<I", count)

    def leave(self) -> None:
        """Say goodbye, after errors too. Book: transport.md, "Leaving"."""
        for sock in reversed(self.extra):
            sock.close()
        self.link.leave()

    @contextmanager
    def true_sizes(self) -> Iterator[None]:
        """Have ObjectInfo tell true sizes for a while. Book: objects.md, "Sizes"."""
        switch, on = (Prop.RESIZE, 2) if self.newer else (Prop.REAL_SIZE, 1)
        self.write(switch, on, SLOW)
        try:
            yield
        finally:
            if self.link.in_step:
                self.write(switch, 0)

    def info(self, handle: int) -> ObjectInfo:
        """Ask for one object."""
        payload, _ = self.link.operation(Op.GET_INFO, handle, what=f"object {handle}")
        return ObjectInfo.decode(handle, payload)

    def objects(self) -> Iterator[ObjectInfo]:
        """Ask for all objects, 1 to N. Book: objects.md, "Handles"."""
        count = self.told.get(Prop.COUNT)
        yield from map(self.info, range(1, (count or 0) + 1))
        self.unchanged(count)

    def find(self, wanted: str) -> int:
        """Return the handle that a handle or a name stands for."""
        if wanted.isdecimal() and int(wanted) < 1 << 32:
            return int(wanted)
        found = [info.handle for info in self.objects() if info.name == wanted]
        if not found:
            raise NoSuchObjectError(f"the card has no object named {wanted}")
        if len(found) > 1:
            raise CameraError(f"{wanted} is there more than once: say which handle of {found}")
        return found[0]

    def fetch(self, wanted: str, output: Path | None) -> Path:
        """Fetch one object into a file. Book: objects.md, "Fetching a file"."""
        handle = self.find(wanted)
        count = self.changes().get(Prop.COUNT)
        with self.true_sizes():
            info = self.info(handle)
            if not wanted.isdecimal() and info.name != wanted:
                raise CameraError("the card changed meanwhile; try again")
            target = output or Path(info.file_name())
            if output is None and target.exists():
                raise CameraError(f"{target} exists already; say -o FILE")
            if info.size == LONGER_THAN_FITS:
                raise CameraError(f"{target} is too long for this protocol")
            part = target.with_name(f".{target.name}.{os.getpid()}.part")
            try:
                with part.open("xb") as file:
                    self.pieces(info, file.write)
                self.unchanged(count)
                part.replace(target)
            finally:
                part.unlink(missing_ok=True)
        return target

    def pieces(self, info: ObjectInfo, write: Callable[[bytes], object]) -> None:
        """Read an object to its end; it must be as long as the camera said."""
        offset = 0
        while offset < info.size:
            asked = min(PIECE, info.size - offset)
            piece, sent = self.link.operation(
                Op.GET_PARTIAL, info.handle, offset, asked, wait=PIECE_WAIT, what="a piece of it"
            )
            if len(piece) != asked or sent[:1] != [asked]:
                ended = offset + len(piece)
                raise CameraError(f"the file ended at {ended} of {info.size} bytes")
            write(piece)
            offset += asked


def arguments() -> argparse.Namespace:
    """Read the command line; what is wrong there ends with 2 as well."""
    parser = argparse.ArgumentParser(description="Lists and fetches what is on a camera's card.")
    parser.add_argument("--host", default="192.168.0.1", help="the camera's address (%(default)s)")
    parser.add_argument(
        "--port", type=int, default=55740, help="its port; two others follow (%(default)s)"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="print handle, name, size, format and date of each object")
    get = commands.add_parser("get", help="fetch one object")
    get.add_argument("object", metavar="HANDLE|NAME")
    get.add_argument(
        "-o", dest="output", type=Path, metavar="FILE", help="where to; replaces what is there"
    )
    return parser.parse_args()


def run(options: argparse.Namespace) -> None:
    """Do what the command line says."""
    link = Link(connect(options.host, options.port))
    camera = Camera(options.host, options.port, link)
    try:
        camera.open()
        if options.command == "list":
            with camera.true_sizes():
                sys.stdout.writelines(f"{info}\n" for info in camera.objects())
        else:
            print(camera.fetch(options.object, options.output))
    finally:
        camera.leave()


def main() -> int:
    """Run, and turn what went wrong into words and an exit code."""
    options = arguments()
    try:
        run(options)
    except (CameraError, OSError, OverflowError, ValueError, KeyboardInterrupt) as error:
        print(f"fuji.py: {str(error) or 'interrupted'}", file=sys.stderr)
        return 1 if isinstance(error, NoSuchObjectError) and options.command == "get" else 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
