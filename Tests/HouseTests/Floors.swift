/// The floors of the house, as `Sources/README.md` draws them: a room, and the rooms it may see.
///
/// An arrow goes down only. A change here is a change of the architecture: draw it there too.
enum Floors {
  static let all: [String: Set<String>] = [
    "CKernels": [], "COpenBLAS": [], "CZlib": [], "CSystem": [], "CBuild": [],
    "COpenSSL": [],
    "Tensors": ["CKernels"],
    "Compression": ["CZlib"],
    "Digests": ["CKernels"],
    "Metrics": [],
    "JSON": [],
    "Frames": ["Compression", "JSON"],
    "Wire": ["Compression"],
    "TLS": ["COpenSSL"],
    "Templates": ["JSON"],
    "Patterns": [],
    "Loops": ["CSystem"],
    "Sockets": ["Loops", "CSystem"],
    "Traces": ["JSON", "Loops", "Metrics"],
    "Checkpoints": ["Digests", "Tensors", "JSON", "CSystem"],
    "Tokenizers": ["JSON", "Templates", "Patterns"],
    "Hooks": ["Tensors"],
    "Constraints": ["JSON"],
    "Hub": ["Checkpoints", "Digests"],
    "Models": ["Tensors", "Checkpoints", "Hooks"],
    "Engine": [
      "Models", "Checkpoints", "Tokenizers", "Constraints", "Hooks", "Tensors", "Loops", "Digests",
    ],
    "Interpretability": ["Engine", "Hooks", "Tensors", "Tokenizers", "COpenBLAS"],
    "Recordings": ["Frames", "Compression", "JSON", "CSystem"],
    "HTTP": [
      "Wire", "TLS", "Sockets", "Loops", "Compression", "JSON", "Digests", "Metrics", "Traces",
    ],
    "Streams": ["Frames", "Wire", "JSON"],
    "Runs": [
      "Engine", "Constraints", "Hooks", "Interpretability", "Recordings", "Frames", "Streams",
      "Loops", "Tokenizers", "JSON", "Metrics", "Traces",
    ],
    "API": [
      "Runs", "HTTP", "Streams", "Engine", "Constraints", "Hooks", "Interpretability",
      "Recordings", "Frames", "Wire", "Sockets", "Loops", "Tokenizers", "JSON", "Digests",
      "Metrics", "Traces", "CBuild",
    ],
    "neuroscope": [
      "API", "Runs", "HTTP", "Streams", "Hub", "Engine", "Models", "Checkpoints", "Tokenizers",
      "Hooks", "Tensors", "Frames", "Digests",
      "Compression", "JSON", "Recordings", "Wire", "Sockets", "Loops", "Traces", "Interpretability",
    ],
  ]

  /// Modules of the toolchain that any room may see.
  static let toolchain: Set<String> = [
    "Foundation", "FoundationEssentials", "Dispatch", "Synchronization", "Glibc", "Musl", "Darwin",
  ]

  /// Modules of packages, and the rooms that may see them.
  static let packages: [String: Set<String>] = [
    "HTTPTypes": ["Wire", "HTTP", "API"],
    "Logging": ["HTTP", "API", "Traces", "neuroscope"],
    "Tracing": ["Traces", "HTTP", "Runs", "API"],
    "UnixSignals": ["neuroscope"],
    "FoundationNetworking": ["Hub", "Traces", "neuroscope"],
    "ArgumentParser": ["neuroscope"],
    "OrderedCollections": ["JSON", "Templates", "Tokenizers", "Runs", "API"],
    "DequeModule": ["Streams", "Runs"],
    "HeapModule": ["Tokenizers"],
  ]

  /// Modules of C libraries that only a `Fence` file imports, since only it may call them.
  static let fenced: Set<String> = [
    "Glibc", "Musl", "Darwin", "COpenBLAS", "CZlib", "CSystem", "CBuild",
    "COpenSSL",
  ]
}
