"""Real chat lines: the English and Chinese conversations of PyPI's chatterbot-corpus, read from its unpacked wheel."""

import pathlib

import yaml


def lines(folder, count):
    """`count` lines, English and Chinese in turn, in the corpus's own order; starts over when it is used up."""
    english, chinese = (_language(folder, name) for name in ("english", "chinese"))
    mixed = [line for pair in zip(english, chinese) for line in pair]
    if not mixed:
        raise SystemExit(f"no conversations under {folder}: make lab unpacks chatterbot-corpus there")
    return [mixed[index % len(mixed)] for index in range(count)]


def english(folder):
    found = _language(folder, "english")
    if not found:
        raise SystemExit(f"no conversations under {folder}: netem/corpus.sh unpacks chatterbot-corpus there")
    return found


def _language(folder, name):
    found = []
    for path in sorted(pathlib.Path(folder, "chatterbot_corpus", "data", name).glob("*.yml")):
        document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        for conversation in document.get("conversations") or []:
            # A turn of one word or number is read as another type by YAML; the corpus means its text.
            found.extend(text for text in (str(turn).strip() for turn in conversation) if 0 < len(text) <= 2000)
    return found
