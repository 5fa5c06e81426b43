#!/usr/bin/env bash
# Runs a Python script with what reads pictures and tensors, in an environment of its own under .build that is made at the
# first run: scripts/pruning_python.sh scripts/pruning_metrics.py [OPTIONS]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

environment=.build/pruning-environment
requirements=scripts/pruning_requirements.txt
if ! cmp -s "$requirements" "$environment/installed.txt"; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
    cp "$requirements" "$environment/installed.txt"
fi
exec "$environment/bin/python" "$@"
