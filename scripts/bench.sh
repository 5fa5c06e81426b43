#!/usr/bin/env bash
# Builds the release and measures networks, with random weights, for each precision and number of threads.
set -euo pipefail

usage="usage: scripts/bench.sh [--seconds S] [--threads LIST] [--precision LIST] [--tessera PATH] [NETWORK …]

Prints the median milliseconds of an inference of each NETWORK: a name in configs/networks, or a file (.yaml, .onnx). Without
any, all of configs/networks are measured, with sizes that are usual where they leave them open.

  --seconds S        how long each is measured; default 3
  --threads LIST     numbers of threads, with commas between; default 1,2
  --precision LIST   f32, bf16, f16, with commas between; default f32,bf16,f16
  --tessera PATH     the command to measure with, instead of building one

A dash stands for what cannot be computed; standard error says why."

fail() {
    echo "bench: $1" >&2
    exit 1
}

wrong() {
    echo "$usage" >&2
    exit 64
}

seconds=3
threads=1,2
precisions=f32,bf16,f16
tessera=
networks=()
while (($#)); do
    case "$1" in
        -h | --help)
            echo "$usage"
            exit 0
            ;;
        --seconds | --threads | --precision | --tessera)
            (($# > 1)) || wrong
            case "$1" in
                --seconds) seconds=$2 ;;
                --threads) threads=$2 ;;
                --precision) precisions=$2 ;;
                --tessera) tessera=$(realpath "$2") ;;
            esac
            shift 2
            ;;
        -*) wrong ;;
        *)
            networks+=("$1")
            shift
            ;;
    esac
done

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [[ -z $tessera ]]; then
    "$root/scripts/setup.sh"
    swift build --package-path "$root" -c release --product tessera >&2
    tessera=$(swift build --package-path "$root" -c release --product tessera --show-bin-path)/tessera
fi
if ((${#networks[@]} == 0)); then
    for file in "$root"/configs/networks/*.yaml; do networks+=("$(basename "$file" .yaml)"); done
fi
IFS=, read -ra thread_counts <<<"$threads"
IFS=, read -ra precision_names <<<"$precisions"

# The input of networks of configs/networks whose sizes are open.
declare -A shapes=(
    [dncnn]=image=1x1x512x512 [espcn]=image=1x1x256x256 [sketch]=photo=1x3x427x640 [unet]=image=1x1x572x572
)

log=$(mktemp)
trap 'rm -f "$log"' EXIT

said=
printf '%-24s' "median ms"
for precision in "${precision_names[@]}"; do
    for count in "${thread_counts[@]}"; do printf '%12s' "$precision ${count}T"; done
done
echo
for network in "${networks[@]}"; do
    file=$network
    [[ -f $file ]] || file=$root/configs/networks/$network.yaml
    [[ -f $file ]] || fail "there is no network '$network'"
    printf '%-24s' "$(basename "$network")"
    for precision in "${precision_names[@]}"; do
        for count in "${thread_counts[@]}"; do
            arguments=(bench "$file" --random-weights --seconds "$seconds" --threads "$count" --json)
            [[ $precision == f32 ]] || arguments+=(--precision "$precision")
            [[ -z ${shapes[$network]:-} ]] || arguments+=(--shape "${shapes[$network]}")
            median=-
            if "$tessera" "${arguments[@]}" >"$log" 2>"$log.errors"; then
                median=$(sed -nE 's/^ *"median_ms" : ([0-9.e+-]+),?$/\1/p' "$log")
                median=$(LC_ALL=C printf '%.3f' "$median")
            else
                message="bench: $network, $precision: $(head -n 1 "$log.errors")"
                # Once for all numbers of threads.
                [[ $message == "$said" ]] || echo "$message" >&2
                said=$message
            fi
            rm -f "$log.errors"
            printf '%12s' "$median"
        done
    done
    echo
done
