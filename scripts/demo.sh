#!/usr/bin/env bash
# Makes a drawing of a picture on four node processes of this machine, and compares it with what one process makes.
set -euo pipefail

usage="usage: scripts/demo.sh [PICTURE]

Makes a drawing of PICTURE (PNG or JPEG, any size) or of the landscape that comes with the project, on four node
processes. The drawing and a picture of who computed what go to the folder demo-out of the project."

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
rm -f "$output/drawing.png" "$output/plan.svg" || fail "the pictures in '$output' cannot be replaced"

"$root/scripts/setup.sh"
cd "$root"
echo "demo: building; the first time takes a few minutes" >&2
swift build -c release --product tessera >&2
tessera=$(swift build -c release --product tessera --show-bin-path)/tessera

"$tessera" deploy configs/deployments/demo.yaml --spawn 4 --verify \
    --input "photo=$picture" --output "drawing=$output/drawing.png" --svg "$output/plan.svg"

echo
echo "the picture      $picture"
echo "the drawing      $output/drawing.png"
echo "who drew what    $output/plan.svg"
