#!/usr/bin/env bash
# Sets up what is needed, builds the tests and runs them. Arguments go to `swift test`, such as --filter ConvTests.
# TESSERA_CONFIGURATION=release tests what is made for use, whose command is .build/release/tessera then.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/setup.sh

# Some tests run trained networks on photographs, which are too large for the repository.
if [[ -z ${TESSERA_TEST_DATA:-} && -d ../shared/data ]]; then
    TESSERA_TEST_DATA=$(cd ../shared/data && pwd)
    export TESSERA_TEST_DATA
fi
if [[ -n ${TESSERA_TEST_DATA:-} ]]; then
    echo "test: trained networks and photographs are those in $TESSERA_TEST_DATA"
else
    echo "test: TESSERA_TEST_DATA is not set, so tests with trained networks and photographs are skipped"
fi

mode=()
if [[ ${TESSERA_CONFIGURATION:-debug} == release ]]; then mode=(-c release -Xswiftc -enable-testing); fi
scripts/build.sh "${mode[@]}" --build-tests
if (($#)); then
    exec swift test "${mode[@]}" --skip-build "$@"
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Nothing may hang for ever, and what failed is said again at the end, where it is found.
run() {
    local status=0
    timeout --kill-after=10 1200 swift test "${mode[@]}" --skip-build "$@" 2>&1 | tee "$log" || status=$?
    if ((status != 0)); then
        echo "test: failed (status $status) in: swift test $*" >&2
        grep -A 6 '✘ .* recorded an issue' "$log" | cut -c 1-1000 >&2 || tail -n 20 "$log" >&2
    fi
    if ((status == 124)); then echo "test: stopped after 20 minutes: $*" >&2; fi
    return "$status"
}
# How soon nodes notice that others are gone or slow is measured with nothing beside it: the other tests keep all cores busy.
timed=(ClusterTaskTests HostileFramesTests NodeLossTests PruneToLatencyTests RandomFaultTests StragglerTests TCPHostileBytesTests TCPLimitTests)
# More at once than there are cores would only make each of them slow.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=$(($(nproc) + 1))
run --skip "$(IFS="|"; echo "${timed[*]}")"
for suite in "${timed[@]}"; do run --filter "$suite"; done
