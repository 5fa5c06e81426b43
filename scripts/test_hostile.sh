#!/bin/sh
# Runs hostile scripts, each in a process of its own under a leak checker: each must end with the error that stands behind its title,
# in time, and leak nothing.
#
#   scripts/test_hostile.sh [NAME]        NAME: those whose title has it
#
# TESSERA names the command, .build/debug/tessera by default. Wants liblsan, which scripts/setup.sh installs.
set -eu
cd "$(dirname "$0")/.."
command=${TESSERA:-.build/debug/tessera}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
library=$(find /usr/lib -name 'liblsan.so.*' | head -n 1)
[ -n "$library" ] || { echo "liblsan is not installed: run scripts/setup.sh" >&2; exit 1; }

# The checker itself: what is lost must be found.
printf '#include <stdlib.h>\nint main(void) { void *volatile p = malloc(77); p = 0; return 0; }\n' >"$folder/leak.c"
cc -o "$folder/leak" "$folder/leak.c"
if LD_PRELOAD=$library "$folder/leak" 2>/dev/null; then
    echo "the leak checker finds no leak in a program that has one" >&2
    exit 1
fi

awk -v folder="$folder" '/^--- / { n += 1; file = sprintf("%s/%03d.lua", folder, n); print substr($0, 5) >(folder "/titles"); next } { print >file }' \
    Tests/Hostile/scripts.lua

count=0 failures=0 number=0
while read -r line; do
    number=$((number + 1))
    title=${line%% => *} expected=${line#* => }
    case $title in *"${1:-}"*) ;; *) continue ;; esac
    count=$((count + 1))
    file=$folder/$(printf %03d "$number").lua
    status=0
    LD_PRELOAD=$library LSAN_OPTIONS=exitcode=23 timeout 60 "$command" script --timeout 0.5 --memory 64 "$file" "$file" \
        >"$folder/output" 2>"$folder/errors" || status=$?
    if [ "$status" -ne 1 ] || ! head -n 1 "$folder/errors" | grep -a '^Error: ' | grep -aqF -e "$expected" || grep -q LeakSanitizer "$folder/errors"; then
        failures=$((failures + 1))
        echo "FAILED: $title (status $status), expected an error with '$expected', found:"
        head -n 5 "$folder/errors" | cut -c1-200
    fi
done <"$folder/titles"
[ "$count" -gt 0 ] || { echo "no script is called so: ${1:-}" >&2; exit 1; }
echo "$count hostile scripts, $failures failed"
[ "$failures" -eq 0 ]
