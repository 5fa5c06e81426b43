#!/usr/bin/env bash
# Formats all Swift sources; with --check, changes nothing and fails if something is not formatted.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

sources=(Package.swift Sources Plugins Tests Fuzz/Package.swift Fuzz/Sources)
case "${1:-}" in
    "") swift format format --in-place --parallel --recursive "${sources[@]}" ;;
    --check) swift format lint --strict --parallel --recursive "${sources[@]}" ;;
    *)
        echo "usage: scripts/format.sh [--check]" >&2
        exit 64
        ;;
esac
