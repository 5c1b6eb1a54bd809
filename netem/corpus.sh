#!/bin/bash
# corpus.sh: unpacks PyPI's chatterbot-corpus (real chat lines, English and Chinese) into .build/lab/corpus, unless it is there.
set -euo pipefail
cd "$(dirname "$0")/.."
corpus=.build/lab/corpus
[ -d $corpus/chatterbot_corpus ] && exit 0
wheel=$(mktemp -d)
trap 'rm -rf "$wheel"' EXIT
# The wheel is a zip file of data: unpacked beside the build, nothing is installed into the system's Python.
/usr/bin/python3 -m pip download --quiet --no-deps --dest "$wheel" "chatterbot-corpus==1.3.3"
mkdir -p $corpus
/usr/bin/python3 -m zipfile -e "$wheel"/chatterbot_corpus-*.whl $corpus
