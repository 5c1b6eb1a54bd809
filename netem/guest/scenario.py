"""Scenarios: netem/scenarios/NAME.scenario, what the users do. `workload` names a module of netem/guest/workloads, the rest are its parameters."""

import pathlib

import assignments
from assignments import FileError

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "scenarios"
_FRAME = ("workload", "about", "cpu", "seconds")


class Scenario:
    def __init__(self, name, values, overrides=None):
        self.name = name
        self.workload = values["workload"]
        self.cpu = values["cpu"]
        self.seconds = float(values["seconds"])
        self.parameters = {key: value for key, value in values.items() if key not in _FRAME}
        for key, value in (overrides or {}).items():
            scenario, _, parameter = key.partition(".")
            if scenario != name:
                continue
            if parameter not in self.parameters:
                raise FileError(f"scenario '{name}' has no parameter '{parameter}'; there are: {', '.join(sorted(self.parameters))}")
            self.parameters[parameter] = str(value)

    def number(self, key):
        """A parameter as a number; its name ends with its unit."""
        text = self.text(key)
        try:
            value = float(text)
        except ValueError:
            raise FileError(f"scenario '{self.name}': {key} is a number, not \"{text}\"") from None
        return int(value) if value.is_integer() else value

    def text(self, key):
        if key not in self.parameters:
            raise FileError(f"scenario '{self.name}': {key} is missing")
        return self.parameters[key]


def names():
    return assignments.names(FOLDER, ".scenario")


def load(name, overrides=None, folder=FOLDER):
    path = pathlib.Path(folder) / f"{name}.scenario"
    if not path.is_file():
        raise FileError(f"unknown scenario '{name}'; there are: {', '.join(assignments.names(folder, '.scenario'))}")
    values = assignments.read(path)
    for key in _FRAME:
        if key not in values:
            raise FileError(f"{path}: needs {key}")
    if values["cpu"] not in ("light", "heavy"):
        raise FileError(f'{path}: cpu is "light" or "heavy", not "{values["cpu"]}"')
    try:
        return Scenario(name, values, overrides)
    except ValueError:
        raise FileError(f'{path}: seconds is a number, not "{values["seconds"]}"') from None
