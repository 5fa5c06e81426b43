#!/usr/bin/env bash
# Takes noise out of a picture on four node processes of this machine, and compares that with what one process makes.
set -euo pipefail

usage="usage: scripts/demo.sh [PICTURE]

Adds noise to PICTURE (PNG or JPEG, any size) or to the landscape that comes with the project, and takes it out again on four node
processes. Both pictures, and one of who computed what, go to the folder demo-out of the project. TESSERA names a command that is built
already."

fail() {
    echo "demo: $1" >&2
    exit 1
}

case "${1:-}" in
    -h | --help)
        echo "$usage"
        exit 0
        ;;
    -?*)
        echo "$usage" >&2
        exit 64
        ;;
esac
if (($# > 1)); then
    echo "$usage" >&2
    exit 64
fi

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
picture=${1:-$root/configs/pictures/landscape.png}
# What is wrong with the picture is better said before a build than after it.
[[ -e $picture ]] || fail "there is no picture '$picture'"
[[ -f $picture && -r $picture ]] || fail "expected a file that can be read, found '$picture'"
picture=$(realpath "$picture")
output=$root/demo-out
mkdir -p "$output" 2>/dev/null && [[ -w $output ]] || fail "the folder '$output' cannot be written to"
rm -f "$output"/{noisy.png,denoised.png,plan.svg} || fail "the pictures in '$output' cannot be replaced"

"$root/scripts/setup.sh"
cd "$root"
tessera=${TESSERA:-}
if [[ -z $tessera ]]; then
    echo "demo: building; the first time takes a few minutes" >&2
    swift build -c release --product tessera >&2
    tessera=$(swift build -c release --product tessera --show-bin-path)/tessera
fi

"$tessera" script scripts/workflows/noise.lua "$picture" "$output/noisy.png"
"$tessera" deploy configs/deployments/demo.yaml --spawn 4 --verify \
    --input "photo=$output/noisy.png" --output "denoised=$output/denoised.png" --svg "$output/plan.svg"

echo
echo "how close they come to the picture:"
"$tessera" script scripts/workflows/psnr.lua "$picture" demo-out/noisy.png demo-out/denoised.png
echo
echo "who computed what: demo-out/plan.svg"
