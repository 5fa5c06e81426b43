// swift-tools-version: 6.1
import PackageDescription

/// Fuzzes what reads files, with libFuzzer; scripts/fuzz.sh builds it with the fuzzer's instrumentation.
let package = Package(
    name: "tessera-fuzz",
    dependencies: [.package(name: "tessera", path: "..")],
    targets: [
        .executableTarget(
            name: "TesseraFuzz", dependencies: [.product(name: "TesseraFiles", package: "tessera")])
    ],
    swiftLanguageModes: [.v6]
)
