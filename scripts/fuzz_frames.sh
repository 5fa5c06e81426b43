#!/usr/bin/env bash
# Attacks a node and a leader with frames that no honest peer would send: scripts/fuzz_frames.sh [FRAMES] [SEED]
#
# Half of the frames (a million, unless told otherwise) go to a node and half to a leader, in one process; some more go to the port of a
# node, with and without TLS. In between, honest leaders must get the right answer. It prints its seed, and fails for a crash, a hang, a
# wrong answer or memory that is not given back.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

swift build -c release --product FrameFuzz
exec .build/release/FrameFuzz "$@"
