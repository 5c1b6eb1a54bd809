"""Godwit as it comes: datagram first, stream joins the race."""

import godwit_process
from godwit_process import Storm, serve, success  # noqa: F401

TITLE = "Godwit"
DEBIAN = []
PYPI = []
NOTES = ("godwit serve with the committed configuration, godwit client --jsonl with carrier auto; requests on no lane, so none "
         "waits for another. Voice frames are unreliable datagrams that are never sent late. Times are the client's own stamps.")
CANNOT = {}
CARRIER = "auto"  # of the users in the conversation, who have clients of their own
OWN_PROCESS = True  # the Python around it is not its processor time


class Client(godwit_process.Client):
    def __init__(self, address, port, folder, options):
        super().__init__(address, port, folder, options.get("carrier", "auto"))
