"""Redis through godwit tunnel."""

import functools

import programs

TITLE = "redis through godwit tunnel"
DEBIAN = ["redis-server", "redis-tools"]
PYPI = []
NOTES = "redis-cli against redis-server without persistence, as Debian has them. `godwit tunnel` beside the program, `godwit serve` beside its server, default settings; TLS 1.3 between them."
ONLY = {"tunnel": "runs one program a message, which only the scenario tunnel is about"}
OWN_PROCESS = True

serve = functools.partial(programs.serve_tunnel, programs.Redis)
Client = functools.partial(programs.Tunnelled, programs.Redis)
