#!/usr/bin/env bash
# Formats all Swift sources but generated ones; with --check, changes nothing and fails if something is not formatted.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folders=(Package.swift Sources Plugins Tests Fuzz/Package.swift Fuzz/Sources)
mapfile -d '' sources < <(find "${folders[@]}" -name '*.swift' ! -path '*/Generated/*' -print0)
case "${1:-}" in
    "") swift format format --in-place --parallel "${sources[@]}" ;;
    --check) swift format lint --strict --parallel "${sources[@]}" ;;
    *)
        echo "usage: scripts/format.sh [--check]" >&2
        exit 64
        ;;
esac
