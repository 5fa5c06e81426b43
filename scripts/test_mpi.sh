#!/usr/bin/env bash
# Builds Tessera with the transport 'mpi' and runs deployments under mpirun, on this host.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage="usage: scripts/test_mpi.sh [--processes N] [--bin DIR]

Installs Open MPI, builds with the trait MPI in a folder of its own, has N processes (4) check what transports promise, and runs networks
cut into as many tiles, whose results must be the single node's to the bit.

  --processes N   how many; default 4
  --bin DIR       a folder with 'tessera' and 'MPIConformance' that were built with the trait, in place of building"

processes=4 bin=
while (($#)); do
    case "$1" in
        -h | --help)
            echo "$usage"
            exit 0
            ;;
        --processes | --bin)
            [[ -n ${2:-} ]] || {
                echo "$usage" >&2
                exit 64
            }
            printf -v "${1#--}" %s "$2"
            shift 2
            ;;
        *)
            echo "$usage" >&2
            exit 64
            ;;
    esac
done
[[ $processes =~ ^[2-9]$|^[1-5][0-9]$ ]] || {
    echo "test_mpi: expected 2 to 59 processes, found '$processes'" >&2
    exit 64
}
scripts/setup.sh --mpi
if [[ ! $bin ]]; then
    # Another set of traits would make the usual folder build everything anew.
    for product in tessera MPIConformance; do
        scripts/build.sh -c release --traits MPI --scratch-path .build/mpi --product "$product"
    done
    bin=.build/mpi/release
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

run() { timeout 300 mpirun --allow-run-as-root --oversubscribe -n "$processes" "$@"; }

run "$bin/MPIConformance"
for network in dncnn resnet18; do
    for strategy in vertical fused-grid; do
        cat >"$work/deployment.yaml" <<END
tessera: 1
network: $PWD/configs/networks/$network.yaml
partition: $strategy
transport: {kind: mpi}
threads: 1
END
        run "$bin/tessera" deploy "$work/deployment.yaml" --input image=configs/pictures/landscape.png --verify --runs 3 --json \
            >"$work/report.json"
        grep -q '"identical" : true' "$work/report.json" && grep -q "\"nodes\" : $processes" "$work/report.json" || {
            echo "test_mpi: $network, $strategy: $(cat "$work/report.json")" >&2
            exit 1
        }
        echo "$network, $strategy, $processes processes: equals one node"
    done
done
