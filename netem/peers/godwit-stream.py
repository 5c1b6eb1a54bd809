"""Godwit on its stream carrier: TLS 1.3 on TCP, as where UDP is blocked."""

import godwit_process
from godwit_process import Storm, serve, success  # noqa: F401

TITLE = "Godwit, stream carrier"
DEBIAN = []
PYPI = []
NOTES = "As godwit, with --carrier stream: the kernel's TCP with its default congestion control, TLS 1.3."
CANNOT = {}
CARRIER = "stream"  # of the users in the conversation, who have clients of their own
OWN_PROCESS = True


class Client(godwit_process.Client):
    def __init__(self, address, port, folder, options):
        super().__init__(address, port, folder, "stream")
