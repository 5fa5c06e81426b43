#!/usr/bin/env bash
# `swift build` with the given arguments, where a warning about the project's own sources is a failure. --build-tests builds what is ours
# and the tests, and of the packages only what these use: `swift build` would build all that they have, such as a protocol compiler.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

arguments=() products=()
for argument in "$@"; do
    if [[ $argument == --build-tests ]]; then
        # The command is called otherwise than its target.
        mapfile -t products < <(sed -n '/\.executableTarget(/{n;s/.*name: "\(.*\)",/\1/p}' Package.swift | sed 's/^TesseraCommand$/tessera/')
        products+=(tesseraPackageTests)
    else
        arguments+=("$argument")
    fi
done

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ((${#products[@]})); then
    for product in "${products[@]}"; do swift build "${arguments[@]}" --product "$product"; done
else
    swift build "${arguments[@]}"
fi 2>&1 | tee "$log"
# Dependencies live under .build; what the package manager itself warns of starts the line.
if warnings=$(grep -E "^(warning:|$PWD/(Package\.swift|Sources/|Plugins/|Tests/)[^ ]*: warning:)" "$log"); then
    {
        echo
        echo "build: there are warnings:"
        sort -u <<<"$warnings"
    } >&2
    exit 1
fi
