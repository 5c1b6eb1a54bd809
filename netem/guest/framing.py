"""Messages on a byte stream: a length, a number, the body. A server echoes frames whole."""

import struct

HEADER = struct.Struct(">IH")  # length of the body, number of the message
BODY_MAX = 262_144
BUFFER = 1 << 20


async def read_frame(reader):
    length, number = HEADER.unpack(await reader.readexactly(HEADER.size))
    if length > BODY_MAX:
        raise ConnectionError(f"a frame of {length} bytes; at most {BODY_MAX} are allowed")
    return number, await reader.readexactly(length)


def write_frame(writer, number, body):
    writer.write(HEADER.pack(len(body), number) + body)


async def echo(reader, writer):
    """The server's side of one connection."""
    try:
        while True:
            write_frame(writer, *await read_frame(reader))
            await writer.drain()
    except (OSError, EOFError):
        writer.transport.abort()


class FramedLink:
    """The client's side of one connection, as `Reconnecting` wants it."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    def send(self, number, body):
        write_frame(self.writer, number, body)

    async def receive(self):
        return await read_frame(self.reader)

    def abort(self):
        self.writer.transport.abort()
