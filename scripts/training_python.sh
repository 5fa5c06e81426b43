#!/usr/bin/env bash
# Runs a Python script with PyTorch, in an environment of its own under .build that is made at the first run:
# scripts/training_python.sh scripts/training_speed.py speed
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

environment=.build/training-environment
requirements=scripts/training_requirements.txt
if ! cmp -s "$requirements" "$environment/installed.txt"; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
    cp "$requirements" "$environment/installed.txt"
fi
exec "$environment/bin/python" "$@"
