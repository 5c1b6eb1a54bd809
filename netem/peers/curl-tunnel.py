"""Curl through godwit tunnel."""

import functools

import programs

TITLE = "curl through godwit tunnel"
DEBIAN = ["curl"]
PYPI = []
NOTES = "curl against a small HTTP server in Python, as Debian has them. `godwit tunnel` beside the program, `godwit serve` beside its server, default settings; TLS 1.3 between them."
ONLY = {"tunnel": "runs one program a message, which only the scenario tunnel is about"}
OWN_PROCESS = True

serve = functools.partial(programs.serve_tunnel, programs.Curl)
Client = functools.partial(programs.Tunnelled, programs.Curl)
