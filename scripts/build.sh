#!/usr/bin/env bash
# `swift build` with the given arguments, where a warning about the project's own sources is a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
swift build "$@" 2>&1 | tee "$log"
# Dependencies live under .build; what the package manager itself warns of starts the line.
if warnings=$(grep -E "^(warning:|$PWD/(Package\.swift|Sources/|Plugins/|Tests/)[^ ]*: warning:)" "$log"); then
    {
        echo
        echo "build: there are warnings:"
        sort -u <<<"$warnings"
    } >&2
    exit 1
fi
