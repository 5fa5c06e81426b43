#!/usr/bin/env bash
# Runs ONNX's own operator cases through `tessera run`; see onnx_conformance.py for the options. The `onnx` package goes into
# an environment of its own under .build, made at the first run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

environment=.build/onnx-environment
requirements=scripts/onnx_requirements.txt
if ! cmp -s "$requirements" "$environment/installed.txt"; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
    cp "$requirements" "$environment/installed.txt"
fi
exec "$environment/bin/python" scripts/onnx_conformance.py "$@"
