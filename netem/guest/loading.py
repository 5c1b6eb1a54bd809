"""Peers by name: the files of netem/peers."""

import importlib.util
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEERS = ROOT / "netem" / "peers"
# What netem/python.sh installed there; Debian's own modules come after it.
PYTHON = ROOT / ".build" / "lab" / "python"


class UnknownPeer(Exception):
    pass


def names():
    return sorted(path.stem for path in PEERS.glob("*.py"))


def peer(name):
    """The module of a peer. Its file name may have hyphens, which `import` does not take."""
    path = PEERS / f"{name}.py"
    if not path.is_file():
        raise UnknownPeer(f"unknown peer '{name}'; there are: {', '.join(names())}")
    if str(PYTHON) not in sys.path:
        sys.path.insert(1, str(PYTHON))
    specification = importlib.util.spec_from_file_location("peer_" + name.replace("-", "_"), path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
