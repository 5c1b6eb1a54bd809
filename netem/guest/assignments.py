"""The lab's small files: lines of key="value", comments from # on. Profiles and scenarios are written in them."""

import pathlib
import re

_LINE = re.compile(r'([a-z_][a-z0-9_]*)\s*=\s*"([^"]*)"\s*(?:#.*)?$')


class FileError(Exception):
    """A lab file that cannot be used: says which line, and what was expected."""


def read(path):
    """The assignments of `path`, in the file's order."""
    path = pathlib.Path(path)
    values = {}
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}") from None
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        found = _LINE.match(line)
        if not found:
            raise FileError(f'{path}:{number}: expected key="value", found: {line}')
        key, value = found.groups()
        if key in values:
            raise FileError(f"{path}:{number}: {key} is there twice")
        values[key] = value
    return values


def names(folder, ending):
    return sorted(path.stem for path in pathlib.Path(folder).glob(f"*{ending}"))
