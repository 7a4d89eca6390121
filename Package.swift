// swift-tools-version: 6.2
import PackageDescription

/// The language rules of every room: Swift 6, explicit existentials, imports that do not leak.
let house: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// One room of the house and what it may touch; `Sources/README.md` draws the floors.
func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: house)
}

/// The tests of a room: they see the room, the shared test kit, and what they name besides.
func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: name + "Tests",
    dependencies: [.byName(name: name), "TestKit"] + dependencies,
    swiftSettings: house)
}

let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let ordered = Target.Dependency.product(name: "OrderedCollections", package: "swift-collections")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")
let arguments = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")

/// What the sources were made from; nothing where they come without their history.
let commit =
  Context.gitInformation.map { $0.currentCommit + ($0.hasUncommittedChanges ? "+" : "") } ?? ""

let package = Package(
  name: "neuroscope",
  products: [
    .executable(name: "neuroscope", targets: ["neuroscope"]),
    .library(name: "Frames", targets: ["Frames", "JSON"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.3.0"),
    .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.0"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.8.0"),
  ],
  targets: [
    // Floor 0: C.
    .target(
      name: "CKernels",
      // The kernels are the speed of the product, also under `swift test` and `swift run`:
      // unoptimised they are some thirty times slower, so every configuration optimises them.
      cSettings: [.unsafeFlags(["-O3", "-fno-math-errno", "-ffp-contract=off"])]),
    .target(name: "CSystem"),
    // Opened at run time, and not linked: see their headers.
    .target(name: "COpenBLAS", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
    .target(name: "COpenSSL", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
    // A target of its own, so that another commit compiles this only.
    .target(name: "CBuild", cSettings: [.define("NEUROSCOPE_COMMIT", to: "\"\(commit)\"")]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["libz-dev"])]),

    // Floor 1: values and hands.
    room("Tensors", ["CKernels"]),
    room("Compression", ["CZlib"]),
    room("Digests", ["CKernels"]),
    room("Metrics"),
    room("JSON", [ordered]),
    room("Frames", ["Compression", "JSON"]),
    room("Wire", ["Compression", httpTypes]),
    room("TLS", ["COpenSSL"]),
    room("Templates", ["JSON", ordered]),
    room("Patterns"),
    room("Loops", ["CSystem"]),
    room("Sockets", ["Loops", "CSystem"]),
    room("Traces", ["JSON", "Loops", "Metrics", logging, tracing]),

    // Floor 2: files, text, capture points.
    room("Checkpoints", ["Digests", "Tensors", "JSON", "CSystem"]),
    room("Tokenizers", ["JSON", "Templates", "Patterns", ordered, heap]),
    room("Hooks", ["Tensors"]),
    room("Constraints", ["JSON"]),

    // Floor 3: fetching models.
    room("Hub", ["Checkpoints", "Digests"]),

    // Floors 3 to 5: models, the engine, what runs on it.
    room("Models", ["Tensors", "Checkpoints", "Hooks"]),
    room(
      "Engine",
      [
        "Models", "Checkpoints", "Tokenizers", "Constraints", "Hooks", "Tensors", "Loops",
        "Digests",
      ]),
    room("Interpretability", ["Engine", "Hooks", "Tensors", "Tokenizers", "COpenBLAS"]),
    room("Recordings", ["Frames", "Compression", "JSON", "CSystem"]),

    // Floor 6: what carries streams. The two do not know each other.
    room(
      "HTTP",
      [
        "Wire", "TLS", "Sockets", "Loops", "Compression", "JSON", "Digests", "Metrics", "Traces",
        httpTypes, logging, tracing,
      ]),
    room("Streams", ["Frames", "Wire", "JSON", deque]),

    // Floor 7: runs.
    room(
      "Runs",
      [
        "Engine", "Constraints", "Hooks", "Interpretability", "Recordings", "Frames", "Streams",
        "Loops", "Tokenizers", "JSON", "Metrics", "Traces", ordered, deque, tracing,
      ]),

    // Floor 8: what the server answers.
    .target(
      name: "API",
      dependencies: [
        "Runs", "HTTP", "Streams", "Engine", "Constraints", "Hooks", "Interpretability",
        "Recordings", "Frames", "Wire", "Sockets", "Loops", "Tokenizers", "JSON", "Digests",
        "Metrics", "Traces", "CBuild", httpTypes, logging, ordered, tracing,
      ],
      resources: [.copy("Dashboard")],
      swiftSettings: house),

    // Floor 9: the command line.
    .executableTarget(
      name: "neuroscope",
      dependencies: [
        "API", "Runs", "HTTP", "Streams", "Hub", "Engine", "Models", "Checkpoints", "Tokenizers",
        "Hooks", "Tensors", "Frames",
        "JSON", "Recordings", "Wire", "Sockets", "Loops", "Traces", arguments, logging, signals,
      ],
      swiftSettings: house),

    // Tests mirror the rooms.
    .target(
      name: "TestKit", dependencies: ["Loops"], path: "Tests/TestKit", swiftSettings: house),
    .target(
      name: "StreamKit",
      dependencies: ["TestKit", "HTTP", "Streams", "Sockets", "Loops", "JSON", httpTypes, logging],
      path: "Tests/StreamKit", swiftSettings: house),
    // Certificates made on the spot, and the client's side of TLS.
    .target(name: "CTLSKit", path: "Tests/CTLSKit"),
    .target(
      name: "TLSKit", dependencies: ["CTLSKit", "TestKit"], path: "Tests/TLSKit",
      swiftSettings: house),
    tests("TLS", ["TLSKit"]),
    tests("Tensors", ["CKernels"]), tests("Compression"), tests("Digests"), tests("Metrics"),
    tests("JSON", [ordered]),
    tests("Frames", ["JSON"]), tests("Wire"),
    tests("Loops"), tests("Sockets", ["Loops"]),
    tests(
      "Traces", ["StreamKit", "HTTP", "JSON", "Metrics", "Sockets", httpTypes, logging, tracing]),
    tests("Checkpoints", ["CKernels", "Tensors", "JSON", "Digests"]),
    tests("Templates", ["JSON", ordered]), tests("Patterns"),
    tests("Tokenizers", ["JSON"]), tests("Hooks", ["Tensors"]),
    tests("Constraints", ["JSON", "Tokenizers"]),
    tests("Models", ["Tensors", "Checkpoints", "Hooks"]),
    tests(
      "Engine",
      [
        "Models", "Checkpoints", "Tokenizers", "Constraints", "Hooks", "Tensors", "Loops", "JSON",
        ordered,
      ]),
    tests("Interpretability", ["Engine", "Hooks", "Tensors", "Tokenizers"]),
    tests("Recordings", ["Frames", "JSON"]),
    tests("Hub", ["Checkpoints", "Digests"]),
    tests(
      "HTTP",
      ["StreamKit", "TLSKit", "Wire", "Sockets", "Loops", "Compression", "JSON", httpTypes]),
    tests("Streams", ["StreamKit", "Compression", "JSON"]),
    tests("Runs", ["Streams", "Frames", "JSON", "Recordings"]),
    tests(
      "API",
      [
        "StreamKit", "TLSKit", "Runs", "HTTP", "Streams", "Engine", "Interpretability", "Frames",
        "JSON", "Wire", "Sockets", "Loops", "Hooks", "Recordings", "Compression", "Metrics",
        "Traces", httpTypes, logging, tracing,
      ]),
    .testTarget(
      name: "neuroscopeTests",
      dependencies: [
        "neuroscope", "Hub", "Checkpoints", "HTTP", "Streams", "Frames", "JSON", "Hooks",
        "Models", "Recordings", "Tensors",
        "API", "Runs", "Sockets", "TestKit", "TLSKit",
      ],
      swiftSettings: house),
    .testTarget(name: "HouseTests", swiftSettings: house),

    // Readers of bytes from outside, and what they promise; see Tests/Fuzz/README.md.
    .target(
      name: "FuzzTargets",
      dependencies: [
        "Wire", "Frames", "Compression", "JSON", "Recordings", "Checkpoints", "Tokenizers",
        httpTypes,
      ],
      path: "Tests/Fuzz/Targets", swiftSettings: house),
    .testTarget(
      name: "FuzzTests", dependencies: ["FuzzTargets", "TestKit"], swiftSettings: house),
  ]
)

// The long run by hand needs libFuzzer, which brings its own `main`.
if Context.environment["NEUROSCOPE_FUZZ"] != nil {
  package.targets.append(
    .executableTarget(
      name: "fuzz", dependencies: ["FuzzTargets"], path: "Tests/Fuzz/Driver",
      swiftSettings: house + [.unsafeFlags(["-parse-as-library"])]))
}
