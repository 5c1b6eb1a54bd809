"""TLS 1.3 over TCP with a chosen congestion control."""

import asyncio
import socket

import certificates
from framing import BUFFER, FramedLink, echo
from reconnecting import SILENCE_S, ReconnectingClient

TCP_USER_TIMEOUT = 18  # linux/tcp.h; Python 3.11 has no name for it


def tune(connection, congestion=None):
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


def listen(address, port, congestion=None):
    listener = socket.create_server((address, port), backlog=4096)
    tune(listener, congestion)  # accepted connections inherit it
    return listener


async def connected(address, port, congestion=None):
    """A tuned socket with its connection made."""
    connection = socket.socket()
    connection.setblocking(False)
    try:
        tune(connection, congestion)
        await asyncio.get_running_loop().sock_connect(connection, (address, port))
    except BaseException:
        connection.close()
        raise
    return connection


async def serve(address, port, folder, congestion):
    certificates.make(folder, address)
    await asyncio.start_server(echo, sock=listen(address, port, congestion), ssl=certificates.server_context(folder), limit=BUFFER)


class Link(FramedLink):
    def __init__(self, reader, writer, context):
        super().__init__(reader, writer)
        self.context = context

    async def receive(self):
        frame = await super().receive()
        self.context.keep(self.writer.get_extra_info("ssl_object"))
        return frame


class Client(ReconnectingClient):
    def __init__(self, address, port, folder, congestion):
        self.address, self.port, self.congestion = address, port, congestion
        self.context = certificates.client_context(folder)
        super().__init__()

    async def _dial(self, resume):
        connection = await connected(self.address, self.port, self.congestion)
        self.context.resume = resume
        try:
            reader, writer = await asyncio.open_connection(
                sock=connection, ssl=self.context, server_hostname=certificates.NAME, limit=BUFFER)
        except BaseException:
            connection.close()
            raise
        return Link(reader, writer, self.context)

    async def forget(self):
        self.context.forget()
