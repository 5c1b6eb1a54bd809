"""A bulk transfer over the kernel's TCP, the rival on a bottleneck: the server sends as much as it may, the client takes it.

    bulk.py send ADDRESS PORT CONGESTION      one connection after the other
    bulk.py take ADDRESS PORT                 until it is killed
"""

import socket
import sys

import daemons

PIECE = bytes(1 << 16)


def send(address, port, congestion):
    with socket.create_server((address, port)) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, congestion.encode())  # what is accepted inherits it
        print("ready", flush=True)
        while True:
            connection, _ = listener.accept()
            with connection:
                try:
                    while True:
                        connection.sendall(PIECE)
                except OSError:
                    pass


def take(address, port):
    with socket.create_connection((address, port)) as connection:
        print("ready", flush=True)
        buffer = bytearray(1 << 16)
        while connection.recv_into(buffer):
            pass


if __name__ == "__main__":
    daemons.die_with_parent()
    verb, address, port, *rest = sys.argv[1:]
    {"send": send, "take": take}[verb](address, int(port), *rest)
