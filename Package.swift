// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let collections: Target.Dependency = .product(name: "Collections", package: "swift-collections")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let heap: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")
let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let histogram: Target.Dependency = .product(name: "Histogram", package: "hdrhistogram-swift")

// Imports point down this list only (docs/architecture.md).
let package = Package(
    name: "godwit",
    products: [
        .executable(name: "godwit", targets: ["godwit"]),
        .library(name: "Bitcask", targets: ["Bitcask"]),
        .library(name: "GodwitClient", targets: ["GodwitClient"]),
        .library(name: "IMClient", targets: ["IMClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: [
        // System libraries.
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["libz-dev"])]),
        // A header of processor instructions; links nothing.
        .systemLibrary(name: "CInstructions"),
        // Headers of the C library that Swift's own module of it does not hold.
        .systemLibrary(name: "CMalloc"),

        // Pure: bytes and a time in, actions out.
        .target(name: "GodwitWire", dependencies: [nioCore], swiftSettings: strict),
        .target(name: "GodwitTLS", dependencies: ["COpenSSL", nioCore], swiftSettings: strict),
        .target(
            name: "GodwitTransport", dependencies: ["GodwitWire", "GodwitTLS", nioCore, deque, heap],
            swiftSettings: strict),
        .target(
            name: "GodwitSession", dependencies: ["GodwitWire", "CZlib", nioCore, deque, heap],
            swiftSettings: strict),
        .target(
            name: "GodwitTunnel", dependencies: ["GodwitWire", nioCore, deque],
            swiftSettings: strict),

        // Which name was meant.
        .target(name: "Spelling", swiftSettings: strict),

        // Figures.
        .target(name: "GodwitMetrics", dependencies: [metrics], swiftSettings: strict),

        // Storage.
        .target(name: "Bitcask", dependencies: ["CInstructions", "CZlib"], swiftSettings: strict),
        .target(name: "ShardedStore", dependencies: ["Bitcask"], swiftSettings: strict),

        // The instant-messaging core.
        .target(name: "IMMessages", dependencies: [protobuf], swiftSettings: strict),
        .target(name: "IMRouting", dependencies: [], swiftSettings: strict),
        .target(
            name: "IMSync", dependencies: ["Bitcask", "IMMessages", "ShardedStore", protobuf], swiftSettings: strict),
        .target(
            name: "IMService",
            dependencies: [
                "Bitcask", "COpenSSL", "IMMessages", "IMRouting", "IMSync", "ShardedStore", protobuf, logging,
            ],
            swiftSettings: strict),

        // The two ends.
        .target(
            name: "GodwitEdge",
            dependencies: [
                "CMalloc", "GodwitTransport", "GodwitSession", "GodwitTunnel", "GodwitMetrics", "IMService", "Spelling",
                nioCore, nioPosix, heap, logging,
                lifecycle, hummingbird, hummingbirdCore, httpTypes, yams,
            ], swiftSettings: strict),
        .target(
            name: "GodwitClient",
            dependencies: ["GodwitTransport", "GodwitSession", "GodwitTunnel", nioCore, nioPosix, logging],
            swiftSettings: strict),
        .target(
            name: "IMClient", dependencies: ["Bitcask", "GodwitClient", "IMMessages", protobuf, logging],
            swiftSettings: strict),

        // The lab: plans, guests, figures, reports.
        .target(name: "GodwitLab", dependencies: ["Spelling", subprocess, system], swiftSettings: strict),

        // `godwit bench store`: what is asked of every store alike.
        .target(name: "StoreBench", swiftSettings: strict),

        // The command.
        .executableTarget(
            name: "godwit",
            dependencies: [
                "Bitcask", "CMalloc", "GodwitEdge", "GodwitClient", "GodwitLab", "IMClient", "IMService",
                "ShardedStore",
                "StoreBench",
                arguments, unixSignals, histogram, subprocess, system,
            ], swiftSettings: strict),

        // Test support and tests.
        .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
        .target(
            name: "GodwitSimulation", dependencies: ["GodwitTransport", "GodwitSession", heap],
            path: "Tests/GodwitSimulation", swiftSettings: strict),
        .executableTarget(
            name: "godwit-judge", dependencies: ["GodwitSimulation", "GodwitTransport", "CAllocationCounter"],
            path: "Tests/GodwitJudge", swiftSettings: strict),
        .target(
            name: "BitcaskTorture", dependencies: ["Bitcask"], path: "Tests/BitcaskTorture", swiftSettings: strict),
        .executableTarget(
            name: "BitcaskWriter", dependencies: ["Bitcask", "BitcaskTorture"], path: "Tests/BitcaskWriter",
            swiftSettings: strict),
        .target(
            name: "GodwitFuzzing", dependencies: ["Bitcask", "GodwitTransport", "GodwitSession", "GodwitTunnel"],
            path: "Tests/GodwitFuzzing", swiftSettings: strict),
    ]
)

// Their tests count allocations, of what the simulator's ends do.
let counted: Set = ["GodwitTransport", "GodwitSession"]
for room in [
    "GodwitWire", "GodwitTLS", "GodwitTransport", "GodwitSession", "GodwitTunnel", "GodwitMetrics",
    "ShardedStore", "IMRouting", "IMSync", "IMService", "GodwitEdge", "GodwitClient", "GodwitLab", "IMClient", "godwit",
    "GodwitSimulation", "Spelling", "StoreBench",
] {
    package.targets.append(
        .testTarget(
            name: room + "Tests",
            dependencies: [.byName(name: room)]
                + (counted.contains(room) ? ["CAllocationCounter", "GodwitSimulation"] : []),
            swiftSettings: strict))
}

package.targets.append(
    .testTarget(
        name: "BitcaskTests", dependencies: ["Bitcask", "BitcaskTorture", "BitcaskWriter"], swiftSettings: strict))

package.targets.append(
    .testTarget(
        name: "GodwitFuzzingTests", dependencies: ["GodwitFuzzing"], exclude: ["Corpus"], swiftSettings: strict))

// `make fuzz`: everything instrumented, one executable that libFuzzer drives.
if Context.environment["GODWIT_FUZZ"] != nil {
    let sanitize = ["-sanitize=fuzzer,address"]
    for target in package.targets where target.type == .regular {
        target.swiftSettings?.append(.unsafeFlags(sanitize))
    }
    package.targets.append(
        .executableTarget(
            name: "godwit-fuzz", dependencies: ["GodwitFuzzing"], path: "Tests/GodwitFuzz",
            swiftSettings: strict + [.unsafeFlags(sanitize)],
            // gold fails on the sanitizer's debug sections.
            linkerSettings: [.unsafeFlags(sanitize + ["-use-ld=lld"])]))
}

// `make bench-store`: the stores that Bitcask is measured beside. Whoever only uses Godwit never needs their libraries.
if Context.environment["GODWIT_STORE_PEERS"] != nil {
    package.products.append(.executable(name: "godwit-store-peers", targets: ["godwit-store-peers"]))
    package.targets += [
        .systemLibrary(name: "CLevelDB", path: "Tests/StorePeers/CLevelDB", providers: [.apt(["libleveldb-dev"])]),
        .systemLibrary(name: "CRocksDB", path: "Tests/StorePeers/CRocksDB", providers: [.apt(["librocksdb-dev"])]),
        .systemLibrary(name: "CLMDB", path: "Tests/StorePeers/CLMDB", providers: [.apt(["liblmdb-dev"])]),
        .executableTarget(
            name: "godwit-store-peers", dependencies: ["StoreBench", "CLevelDB", "CRocksDB", "CLMDB"],
            path: "Tests/StorePeers/Peers", swiftSettings: strict),
    ]
}
