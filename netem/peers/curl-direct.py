"""Curl over plain TCP."""

import functools

import programs

TITLE = "curl over plain TCP"
DEBIAN = ["curl"]
PYPI = []
NOTES = "curl against a small HTTP server in Python, as Debian has them. Plain TCP with the kernel's defaults, no TLS, which the tunnel's side has."
ONLY = {"tunnel": "runs one program a message, which only the scenario tunnel is about"}
OWN_PROCESS = True

serve = functools.partial(programs.serve, programs.Curl)
Client = functools.partial(programs.Direct, programs.Curl)
