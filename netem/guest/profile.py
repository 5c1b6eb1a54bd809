"""Profiles: netem/profiles/NAME.profile, what a network does to packets.

    up="NETEM ARGUMENTS" and down="NETEM ARGUMENTS", or trace="NAME" of netem/traces for a network that changes;
    udp="blocked" or udp="throttled RATE [burst BYTES]" for a network that treats UDP worse than TCP.
"""

import pathlib

import assignments
import trace
from assignments import FileError
from networks.impairment import Impairment

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "profiles"
TRACES = FOLDER.parent / "traces"
_KEYS = {"up", "down", "trace", "udp"}


class Profile:
    def __init__(self, name, up=None, down=None, steps=None, udp=None):
        self.name, self.up, self.down, self.steps, self.udp = name, up, down, steps, udp


def names():
    return assignments.names(FOLDER, ".profile")


def load(name, folder=FOLDER, traces=TRACES):
    path = pathlib.Path(folder) / f"{name}.profile"
    if not path.is_file():
        raise FileError(f"unknown profile '{name}'; there are: {', '.join(assignments.names(folder, '.profile'))}")
    values = assignments.read(path)
    unknown = set(values) - _KEYS
    if unknown:
        raise FileError(f"{path}: unknown key {sorted(unknown)[0]}; a profile has {', '.join(sorted(_KEYS))}")
    udp = _udp(values.get("udp"), path)
    if "trace" in values:
        if "up" in values or "down" in values:
            raise FileError(f"{path}: has trace and up or down; the trace says both")
        return Profile(name, steps=trace.read(pathlib.Path(traces) / f"{values['trace']}.trace"), udp=udp)
    if "up" not in values or "down" not in values:
        raise FileError(f"{path}: needs both up and down, or a trace")
    return Profile(name, Impairment(values["up"].split()), Impairment(values["down"].split()), udp=udp)


def _udp(text, path):
    """None, ("blocked",) or ("throttled", rate, burst in bytes)."""
    if text is None:
        return None
    words = text.split()
    if words == ["blocked"]:
        return ("blocked",)
    if words[:1] == ["throttled"] and len(words) == 2:
        return ("throttled", words[1], "6000")
    if words[:1] == ["throttled"] and len(words) == 4 and words[2] == "burst" and words[3].isdigit():
        return ("throttled", words[1], words[3])
    raise FileError(f'{path}: udp is "blocked" or "throttled RATE [burst BYTES]", not "{text}"')
