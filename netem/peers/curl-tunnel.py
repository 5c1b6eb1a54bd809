"""Curl through godwit tunnel."""

import functools

import programs

TITLE = "curl through godwit tunnel"
DEBIAN = ["curl"]
PYPI = []
NOTES = "curl against a small HTTP server in Python, as Debian has them. `godwit tunnel` beside the program, `godwit serve` beside its server, default settings; TLS 1.3 between them."
CANNOT = {
    "blackout": "runs one program a message, which only the scenario tunnel is about",
    "burst": "runs one program a message, which only the scenario tunnel is about",
    "chat": "runs one program a message, which only the scenario tunnel is about",
    "connect": "runs one program a message, which only the scenario tunnel is about",
    "conversation": "runs one program a message, which only the scenario tunnel is about",
    "handover": "runs one program a message, which only the scenario tunnel is about",
    "idle": "runs one program a message, which only the scenario tunnel is about",
    "image": "runs one program a message, which only the scenario tunnel is about",
    "rebind": "runs one program a message, which only the scenario tunnel is about",
    "storm": "runs one program a message, which only the scenario tunnel is about",
    "voice": "runs one program a message, which only the scenario tunnel is about",
}
OWN_PROCESS = True

serve = functools.partial(programs.serve_tunnel, programs.Curl)


class Client(programs.Tunnelled):
    def __init__(self, address, port, folder, options):
        super().__init__(programs.Curl, address, port, folder)
