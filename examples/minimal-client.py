#!/usr/bin/env python3
"""A client of Carillon in Python's standard library alone: docs/protocol.md step by step.

    minimal-client.py HOST PORT < samples > samples

Reads mono float32 samples (little-endian, 48 kHz) from standard input, sends them through a lowpass
filter at 1 kHz, and writes what comes back, as many.
"""
import socket
import struct
import sys

BLOCK_FRAMES = 1024
BYTES_PER_SAMPLE = 4
WINDOW = 8  # blocks on their way: the server keeps no more than it must


# Protobuf, as far as this client needs it.


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field, value):  # uint32, bool
    return varint(field << 3 | 0) + varint(value)


def piece(field, content):  # string, bytes, message
    return varint(field << 3 | 2) + varint(len(content)) + content


def doubles(field, *values):  # repeated double, packed
    return piece(field, struct.pack(f"<{len(values)}d", *values))


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def fields(message):
    """The fields of a message by number; of a repeated one the last."""
    found, at = {}, 0
    while at < len(message):
        tag, at = read_varint(message, at)
        kind = tag & 7
        if kind == 0:
            value, at = read_varint(message, at)
        else:
            size, at = (8, at) if kind == 1 else (4, at) if kind == 5 else read_varint(message, at)
            value, at = message[at : at + size], at + size
        found[tag >> 3] = value
    return found


# The protocol: numbers of fields are those of proto/carillon.proto.

HELLO, OPEN_STREAM, SAMPLES, CLOSE_STREAM = 2, 4, 5, 6  # in ClientMessage
WELCOME, STREAM_OPENED, SAMPLES_BACK, STREAM_CLOSED, ERROR = 2, 4, 5, 6, 7  # in ServerMessage


class Connection:
    def __init__(self, host, port):
        try:
            self.socket = socket.create_connection((host, port))
        except OSError as error:
            sys.exit(f"cannot connect to {host} port {port}: {error.strerror or error}")
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.input = self.socket.makefile("rb")

    def send(self, body, content, request=0):
        message = number(1, request) + piece(body, content)
        self.socket.sendall(varint(len(message)) + message)

    def receive(self, wanted):
        """The next message, which has to be this one."""
        size = shift = 0
        while True:
            byte = self.read(1)[0]
            size |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
        message = fields(self.read(size))
        if ERROR in message:
            error = fields(message[ERROR])
            sys.exit(f"{error[2].decode()} [{error[1].decode()}]")
        if wanted not in message:
            sys.exit(f"the server sent a message of fields {sorted(message)}")
        return fields(message[wanted])

    def read(self, size):
        data = self.input.read(size)
        if len(data) < size:
            sys.exit("the server has closed the connection")
        return data


def arguments():
    host, port = sys.argv[1:] if len(sys.argv) == 3 else ("", "")
    if not (host and port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
        print("usage: minimal-client.py HOST PORT < samples > samples", file=sys.stderr)
        sys.exit(2)
    return host, int(port)


def main(host, port):
    connection = Connection(host, port)

    connection.send(HELLO, number(1, 1) + piece(2, b"minimal client"), request=1)
    limits = fields(connection.receive(WELCOME)[4])
    block_bytes = min(BLOCK_FRAMES, limits[2]) * BYTES_PER_SAMPLE

    lowpass = piece(1, b"lowpass") + piece(2, piece(1, b"hz") + doubles(2, 1000.0))
    connection.send(OPEN_STREAM, number(1, 48000) + number(2, 1) + piece(3, lowpass), request=2)
    # A field that is 0 is left out of a message.
    stream = connection.receive(STREAM_OPENED).get(1, 0)

    sent = received = 0

    def take_back():
        nonlocal received
        block = connection.receive(SAMPLES_BACK)
        if block.get(2, 0) != received:
            sys.exit(f"block {block.get(2, 0)} came back where {received} was next")
        sys.stdout.buffer.write(block[3])
        received += 1

    while block := sys.stdin.buffer.read(block_bytes):
        if left_over := len(block) % BYTES_PER_SAMPLE:
            sys.exit(f"the input ends with {left_over} bytes that are no whole sample")
        if sent - received == WINDOW:
            take_back()
        connection.send(SAMPLES, number(1, stream) + number(2, sent) + piece(3, block))
        sent += 1
    while received < sent:
        take_back()

    connection.send(CLOSE_STREAM, number(1, stream), request=3)
    closed = connection.receive(STREAM_CLOSED)
    print(f"{sent} blocks sent, {closed.get(3, 0)} returned", file=sys.stderr)


main(*arguments())
