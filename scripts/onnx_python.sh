#!/usr/bin/env bash
# Runs a Python script with the `onnx` package and ONNX Runtime, in an environment of its own under .build that is made at the
# first run: scripts/onnx_python.sh scripts/onnx_conformance.py|scripts/onnx_models.py [OPTIONS]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

environment=.build/onnx-environment
requirements=scripts/onnx_requirements.txt
if ! cmp -s "$requirements" "$environment/installed.txt"; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
    cp "$requirements" "$environment/installed.txt"
fi
exec "$environment/bin/python" "$@"
