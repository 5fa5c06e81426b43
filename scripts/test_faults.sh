#!/usr/bin/env bash
# Runs random faults against nodes in processes of their own and tells how the rest coped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage="usage: scripts/test_faults.sh [--faults N] [--seed S]

Four node processes run one inference after the other. At a random moment of each, one or two of them are killed or stop answering;
afterwards they are started again or answer again. Prints how many answers were the single node's to the bit and, as median and
maximum, how long it took until the nodes were missed, from then on until the rest ran a new plan, and until all took part again.
Then each node in turn is killed at each stage of a run, and leaders are killed and stopped, 20 times each.

  --faults N   how many; default 100
  --seed S     repeats the faults of a run that printed this seed"

faults=100
while (($#)); do
    case "$1" in
        -h | --help)
            echo "$usage"
            exit 0
            ;;
        --faults | --seed)
            if ! [[ ${2:-} =~ ^[0-9]{1,19}$ ]] || [[ $1 == --faults && ! $2 =~ ^[1-9][0-9]{0,5}$ ]]; then
                echo "$usage" >&2
                exit 64
            fi
            [[ $1 == --faults ]] && faults=$2 || export TESSERA_SEED=$2
            shift 2
            ;;
        *)
            echo "$usage" >&2
            exit 64
            ;;
    esac
done
scripts/build.sh --build-tests
TESSERA_FAULTS=$faults exec swift test --skip-build --filter 'RandomFaultTests|NodeLossTests'
