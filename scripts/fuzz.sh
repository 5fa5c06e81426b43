#!/usr/bin/env bash
# Fuzzes one of the readers: scripts/fuzz.sh yaml|safetensors|npy|picture|onnx|tar|idx [SECONDS] [SEED FILE OR FOLDER...]
#
# Seeds of your own make the search much better, such as a folder of small .onnx models or of JPEG pictures.
# What is found is kept in Fuzz/corpus/READER (inputs that reach new code) and Fuzz/findings (inputs that crash, hang for ten
# seconds or take more memory than any such small file may).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case "${1:-}" in
    yaml | safetensors) seeds=(configs/networks) ;;
    picture) seeds=(configs/pictures) ;;
    npy | onnx | tar | idx) seeds=() ;;
    *)
        echo "usage: scripts/fuzz.sh yaml|safetensors|npy|picture|onnx|tar|idx [SECONDS] [SEEDS...]" >&2
        exit 64
        ;;
esac
reader=$1
corpus=Fuzz/corpus/$reader
seconds=${2:-600}
shift $(($# < 2 ? $# : 2))
seeds+=("$@")

mkdir -p "$corpus" Fuzz/findings
for seed in "${seeds[@]}"; do
    # Mutations of large files are slow and find little.
    find "$seed" -type f -size -64k -exec cp -t "$corpus" {} +
done
swift build --package-path Fuzz -c release -Xswiftc -sanitize=fuzzer -Xswiftc -use-ld=lld
# The smallest limit that lets a picture of the compression that its format can reach be decoded.
exec Fuzz/.build/release/TesseraFuzz "$reader" "$corpus" -max_total_time="$seconds" -max_len=65536 -timeout=10 \
    -rss_limit_mb=2048 -malloc_limit_mb=256 -artifact_prefix=Fuzz/findings/ -print_final_stats=1
