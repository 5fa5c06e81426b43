#!/usr/bin/env bash
# Runs a Python script with the packages that scripts/requirements/NAME.txt lists, in an environment of its own under .build that is
# made at the first run: scripts/python.sh compression|onnx|quantization|training SCRIPT [OPTIONS]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

name=${1:-}
requirements=scripts/requirements/$name.txt
if (($# < 2)) || [[ ! -f $requirements ]]; then
    echo "usage: scripts/python.sh $(basename -s .txt scripts/requirements/*.txt | paste -sd '|') SCRIPT [OPTIONS]" >&2
    exit 64
fi
environment=.build/$name-environment
if ! cmp -s "$requirements" "$environment/installed.txt"; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
    cp "$requirements" "$environment/installed.txt"
fi
exec "$environment/bin/python" "${@:2}"
