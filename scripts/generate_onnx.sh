#!/usr/bin/env bash
# Generates Sources/TesseraONNX/Generated/onnx.pb.swift from onnx.proto. Needs protoc (apt-get install
# protobuf-compiler); protoc-gen-swift is built in a temporary folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=1.39.0

command -v protoc >/dev/null || {
    echo "generate_onnx: expected protoc, found none: apt-get install protobuf-compiler" >&2
    exit 1
}
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
git clone --quiet --depth 1 --branch "$version" https://github.com/apple/swift-protobuf "$temporary/swift-protobuf" \
    2>/dev/null
swift build --package-path "$temporary/swift-protobuf" --product protoc-gen-swift >&2
plugin=$(swift build --package-path "$temporary/swift-protobuf" --product protoc-gen-swift --show-bin-path)

protoc --proto_path=Sources/TesseraONNX \
    --plugin=protoc-gen-swift="$plugin/protoc-gen-swift" \
    --swift_opt=Visibility=Package \
    --swift_out=Sources/TesseraONNX/Generated onnx.proto
