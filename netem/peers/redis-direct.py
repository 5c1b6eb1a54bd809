"""Redis over plain TCP."""

import functools

import programs

TITLE = "redis over plain TCP"
DEBIAN = ["redis-server", "redis-tools"]
PYPI = []
NOTES = "redis-cli against redis-server without persistence, as Debian has them. Plain TCP with the kernel's defaults, no TLS, which the tunnel's side has."
ONLY = {"tunnel": "runs one program a message, which only the scenario tunnel is about"}
OWN_PROCESS = True

serve = functools.partial(programs.serve, programs.Redis)
Client = functools.partial(programs.Direct, programs.Redis)
