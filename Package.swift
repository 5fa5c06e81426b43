// swift-tools-version: 6.1
import PackageDescription

/// The plain targets: what depends on what is the whole architecture, see docs/architecture.md.
let package = Package(
    name: "tessera",
    products: [
        .library(name: "Tessera", targets: ["Tessera"]),
        .library(name: "TesseraFiles", targets: ["TesseraCore", "TesseraNetwork", "TesseraONNX", "TesseraTraining"]),
        .executable(name: "tessera", targets: ["TesseraCommand"]),
    ],
    traits: [
        .trait(name: "MPI", description: "The transport 'mpi', which needs Open MPI: scripts/setup.sh --mpi")
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    ],
    targets: [
        // C libraries of the system, and the shims that make their macros and variadic functions callable.
        .systemLibrary(
            name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"])]),
        // Kernels of our own.
        .target(name: "CKernels", linkerSettings: [.linkedLibrary("gomp")]),
        .target(
            name: "CFFmpeg",
            linkerSettings: ["avformat", "avcodec", "swscale", "avutil"].map { .linkedLibrary($0) }),
        .systemLibrary(
            name: "CCompression", providers: [.apt(["libzstd-dev", "liblzma-dev", "libbrotli-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CEditLine", linkerSettings: [.linkedLibrary("edit")]),
        .target(name: "CLua", linkerSettings: [.linkedLibrary("lua5.4")]),
        .target(
            name: "CMPI", cSettings: [.define("TESSERA_MPI", .when(traits: ["MPI"]))],
            linkerSettings: [.linkedLibrary("mpi", .when(traits: ["MPI"]))]),
        .target(name: "CNORM", linkerSettings: [.linkedLibrary("norm")]),
        // Pages that tell of who touches them, for the checks of plugins.
        .target(name: "CMemoryGuard"),
        // The interface of plugins, which are built with its header alone.
        .target(name: "CTesseraPlugin"),

        // The library.
        .target(name: "TesseraCore"),
        .target(name: "TesseraOperators", dependencies: ["TesseraCore"]),
        .target(name: "TesseraNetwork", dependencies: ["TesseraOperators", "CYAML", "CFFmpeg"]),
        .target(
            name: "TesseraONNX",
            dependencies: ["TesseraNetwork", .product(name: "SwiftProtobuf", package: "swift-protobuf")],
            exclude: ["onnx.proto"]),
        .target(name: "TesseraRuntime", dependencies: ["TesseraOperators"]),
        .target(name: "TesseraOneDNN", dependencies: ["TesseraRuntime", "COneDNN", "CKernels"]),
        .target(name: "TesseraTraining", dependencies: ["TesseraNetwork", "TesseraRuntime", "CZlib"]),
        .target(name: "TesseraPartition", dependencies: ["TesseraOperators"]),
        .target(name: "TesseraPruning", dependencies: ["TesseraNetwork", "TesseraRuntime"]),
        .target(
            name: "TesseraQuantization",
            dependencies: ["TesseraNetwork", "TesseraPruning", "TesseraRuntime", "TesseraTraining"]),
        .target(
            name: "TesseraCompression",
            dependencies: [
                "CCompression", "TesseraNetwork", .product(name: "Crypto", package: "swift-crypto"),
            ]),
        .target(
            name: "TesseraCluster",
            dependencies: [
                "CMalloc", "TesseraPartition", "TesseraRuntime",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .target(
            name: "TesseraSecurity",
            dependencies: [
                "TesseraCore",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "X509", package: "swift-certificates"),
            ]),
        .target(
            name: "TesseraMetrics",
            dependencies: [
                "TesseraCluster",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        .target(
            name: "TesseraPlugins",
            dependencies: [
                "CMemoryGuard", "CTesseraPlugin", "TesseraCluster", "TesseraCompression", "TesseraNetwork",
                "TesseraPartition", "TesseraPruning", .product(name: "Logging", package: "swift-log"),
            ]),
        .target(name: "TesseraScript", dependencies: ["Tessera", "CLua"]),
        .target(
            name: "Tessera",
            dependencies: [
                "TesseraNetwork", "TesseraONNX", "TesseraOneDNN", "TesseraCluster", "PartitionStrategies",
                "TesseraMetrics", "TesseraSecurity", "TesseraTraining", "TransportMulticast", "TransportTCP",
                .target(name: "TransportMPI", condition: .when(traits: ["MPI"])),
                "SaliencyMetrics", "TesseraCompression", "TesseraPlugins", "TesseraPruning", "TesseraQuantization",
                "WeightCodecs",
            ]),

        // Modules that are swapped by name.
        .target(
            name: "PartitionStrategies", dependencies: ["TesseraPartition"], path: "Plugins/PartitionStrategies"),
        .target(name: "SaliencyMetrics", dependencies: ["TesseraPruning"], path: "Plugins/SaliencyMetrics"),
        .target(
            name: "WeightCodecs", dependencies: ["CCompression", "CFFmpeg", "TesseraCompression"],
            path: "Plugins/WeightCodecs"),
        .target(
            name: "TransportMulticast",
            dependencies: [
                "CNORM", "TesseraCluster", "TransportTCP",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Plugins/Transports/Multicast"),
        .target(
            name: "TransportMPI",
            dependencies: [
                "CMPI", "TesseraCluster",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Plugins/Transports/MPI"),
        .target(
            name: "TransportTCP",
            dependencies: [
                "TesseraCluster", "TesseraSecurity",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            path: "Plugins/Transports/TCP"),

        // The command.
        .executableTarget(
            name: "TesseraCommand",
            dependencies: [
                "CEditLine", "CMalloc", "Tessera", "TesseraScript",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Sources/tessera"),

        // The processes of an MPI job check each other: scripts/test_mpi.sh.
        .executableTarget(
            name: "MPIConformance",
            dependencies: [
                "TesseraCluster", .target(name: "TransportMPI", condition: .when(traits: ["MPI"])),
            ],
            path: "Tests/MPIConformance"),
        .target(name: "TesseraTestSupport", dependencies: ["Tessera"], path: "Tests/Support"),
        .executableTarget(
            name: "FrameFuzz",
            dependencies: ["TesseraTestSupport", .product(name: "Logging", package: "swift-log")],
            path: "Fuzz/Frames"),
        .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
    ]
        + [
            "TesseraCore", "TesseraOperators", "TesseraNetwork", "TesseraONNX", "TesseraRuntime",
            "TesseraCompression", "TesseraPartition", "TesseraPlugins", "TesseraPruning", "TesseraQuantization",
            "TesseraScript",
            "TesseraTraining", "Tessera",
        ].map { .testTarget(name: $0 + "Tests", dependencies: [.byName(name: $0), "TesseraTestSupport"]) }
        + [
            .testTarget(
                name: "TesseraClusterTests",
                dependencies: [
                    "TesseraCluster", "TesseraSecurity", "TransportMulticast", "TransportTCP", "TesseraTestSupport",
                ]),
            .testTarget(
                name: "TesseraOneDNNTests",
                dependencies: ["TesseraOneDNN", "TesseraTestSupport", "CAllocationCounter"]),
            .testTarget(name: "TesseraCommandTests", dependencies: ["TesseraCommand", "TesseraTestSupport"]),
        ],
    swiftLanguageModes: [.v6]
)
