"""Godwit with CUBIC at the server, which loss of a radio network slows down: for comparisons on wires."""

import functools

import godwit_process
from godwit_process import Storm, success  # noqa: F401

TITLE = "Godwit, CUBIC"
DEBIAN = []
PYPI = []
NOTES = "As godwit, with datagram.congestion: cubic at the server; its client keeps BBR. On carrier datagram."
CANNOT = {}
CARRIER = "datagram"
OWN_PROCESS = True

serve = functools.partial(godwit_process.serve, settings={"GODWIT_DATAGRAM_CONGESTION": "cubic"})


class Client(godwit_process.Client):
    def __init__(self, address, port, folder, options):
        super().__init__(address, port, folder, "datagram")
