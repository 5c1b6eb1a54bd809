"""Prints what the peers' files say of themselves, as one JSON object by name, for `godwit lab`. Imports none of them."""

import json
import sys

import loading
import peercard


def main():
    cards = {}
    for name in loading.names():
        if not name.startswith("_"):
            card = peercard.read(name)
            cards[name] = {"title": card["TITLE"] or name, "notes": card["NOTES"], "debian": list(card["DEBIAN"]),
                           "pypi": list(card["PYPI"]), "cannot": card["CANNOT"]}
    json.dump(cards, sys.stdout)


if __name__ == "__main__":
    try:
        main()
    except peercard.PeerCardError as error:
        sys.exit(f"lab: {error}")
