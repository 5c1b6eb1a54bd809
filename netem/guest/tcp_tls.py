"""TLS 1.3 over TCP with a chosen congestion control: length-framed messages, echoed whole."""

import asyncio
import socket
import struct

import certificates
from reconnecting import SILENCE_S, Reconnecting

HEADER = struct.Struct(">IH")  # length of the body, number of the message
BODY_MAX = 262_144
TCP_USER_TIMEOUT = 18  # linux/tcp.h; Python 3.11 has no name for it


def tune(connection, congestion):
    """The socket options that a messenger would set."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if congestion:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, congestion.encode())
    # Data unacknowledged for as long as the application bears silence ends the connection.
    connection.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, SILENCE_S * 1000)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)


async def read_frame(reader):
    head = await reader.readexactly(HEADER.size)
    length, number = HEADER.unpack(head)
    if length > BODY_MAX:
        raise ConnectionError(f"a frame of {length} bytes; at most {BODY_MAX} are allowed")
    return number, await reader.readexactly(length)


def write_frame(writer, number, body):
    writer.write(HEADER.pack(len(body), number) + body)


async def serve(address, port, folder, congestion):
    certificates.make(folder)
    listener = socket.create_server((address, port), backlog=4096)
    tune(listener, congestion)  # accepted connections inherit it

    async def echo(reader, writer):
        try:
            while True:
                write_frame(writer, *await read_frame(reader))
                await writer.drain()
        except (OSError, EOFError):
            writer.transport.abort()

    await asyncio.start_server(echo, sock=listener, ssl=certificates.server_context(folder), limit=1 << 20)


class Link:
    def __init__(self, reader, writer, context):
        self.reader, self.writer, self.context = reader, writer, context

    def send(self, number, body):
        write_frame(self.writer, number, body)

    async def receive(self):
        number, body = await read_frame(self.reader)
        self.context.keep(self.writer.get_extra_info("ssl_object"))
        return number, body

    def abort(self):
        self.writer.transport.abort()


class Client:
    def __init__(self, address, port, folder, congestion):
        self.address, self.port, self.congestion = address, port, congestion
        self.context = certificates.client_context(folder)
        self.application = Reconnecting(self._dial)

    async def _dial(self, resume):
        connection = socket.socket()
        connection.setblocking(False)
        try:
            tune(connection, self.congestion)
            await asyncio.get_running_loop().sock_connect(connection, (self.address, self.port))
            self.context.resume = resume
            reader, writer = await asyncio.open_connection(
                sock=connection, ssl=self.context, server_hostname=certificates.NAME, limit=1 << 20)
        except BaseException:
            connection.close()
            raise
        return Link(reader, writer, self.context)

    async def connect(self, resume):
        await self.application.connect(resume)

    async def exchange(self, body, deadline_ms=None):
        return await self.application.exchange(body)

    async def repair(self):
        await self.application.repair()

    async def close(self, forget):
        await self.application.close()
        if forget:
            self.context.forget()
