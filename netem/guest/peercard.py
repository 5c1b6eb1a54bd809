"""What a peer's file says about it, read without importing it: its libraries take seconds to load."""

import ast
import copy

import loading
import scenario

_FIELDS = {"TITLE": "", "DEBIAN": [], "PYPI": [], "NOTES": "", "CANNOT": {}, "ONLY": {}, "CARRIER": None}


class PeerCardError(Exception):
    pass


def read(name):
    """TITLE, DEBIAN, PYPI, NOTES and CANNOT of netem/peers/NAME.py, which are literals; CARRIER is there for Godwit only.

    ONLY names the scenarios that a peer is made for, with the reason; all others come into CANNOT.
    """
    path = loading.PEERS / f"{name}.py"
    if not path.is_file():
        raise PeerCardError(f"unknown peer '{name}'; there are: {', '.join(loading.names())}")
    card = copy.deepcopy(_FIELDS)
    for statement in ast.parse(path.read_text(encoding="utf-8"), str(path)).body:
        if not isinstance(statement, ast.Assign):
            continue
        for target in statement.targets:
            if isinstance(target, ast.Name) and target.id in _FIELDS:
                try:
                    card[target.id] = ast.literal_eval(statement.value)
                except ValueError:
                    raise PeerCardError(f"{path}:{statement.lineno}: {target.id} must be a literal") from None
    for reason in card["ONLY"].values():
        card["CANNOT"] |= {name: reason for name in scenario.names() if name not in card["ONLY"]}
    return card
