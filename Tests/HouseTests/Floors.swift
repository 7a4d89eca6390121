/// The floors of the house, as `Sources/README.md` draws them: a room, and the rooms it may see.
///
/// An arrow goes down only. A change here is a change of the architecture: draw it there too.
enum Floors {
  static let all: [String: Set<String>] = [
    "CKernels": [], "CZlib": [], "CSystem": [],
    "Tensors": ["CKernels"],
    "Compression": ["CZlib"],
    "JSON": [],
    "Frames": ["Compression", "JSON"],
    "Wire": ["Compression"],
    "Templates": ["JSON"],
    "Patterns": [],
    "Loops": ["CSystem"],
    "Sockets": ["Loops", "CSystem"],
    "Checkpoints": ["CKernels", "Tensors", "JSON", "CSystem"],
    "Tokenizers": ["JSON", "Templates", "Patterns"],
    "Hooks": ["Tensors"],
    "Hub": ["Checkpoints"],
    "Models": ["Tensors", "Checkpoints", "Hooks"],
    "Engine": ["Models", "Checkpoints", "Tokenizers", "Hooks", "Tensors", "Loops"],
    "Interpretability": ["Engine", "Hooks", "Tokenizers"],
    "Recordings": ["Frames", "Compression", "JSON"],
    "HTTP": ["Wire", "Sockets", "Loops", "Compression", "JSON"],
    "Streams": ["Frames", "Wire", "JSON"],
    "Runs": [
      "Engine", "Hooks", "Interpretability", "Recordings", "Frames", "Streams", "Loops",
      "Tokenizers", "JSON",
    ],
    "API": [
      "Runs", "HTTP", "Streams", "Engine", "Hooks", "Interpretability", "Recordings", "Frames",
      "Wire", "Sockets", "Loops", "Tokenizers", "JSON",
    ],
    "neuroscope": [
      "API", "Runs", "HTTP", "Streams", "Hub", "Engine", "Models", "Checkpoints", "Tokenizers",
      "Hooks", "Tensors", "Frames",
      "Compression", "JSON", "Recordings", "Wire", "Sockets", "Loops", "Interpretability",
    ],
  ]

  /// Modules of the toolchain that any room may see.
  static let toolchain: Set<String> = [
    "Foundation", "FoundationEssentials", "Dispatch", "Synchronization", "Glibc", "Musl", "Darwin",
  ]

  /// Modules of packages, and the rooms that may see them.
  static let packages: [String: Set<String>] = [
    "HTTPTypes": ["Wire", "HTTP", "API"],
    "Logging": ["HTTP", "API", "neuroscope"],
    "UnixSignals": ["neuroscope"],
    "FoundationNetworking": ["Hub", "neuroscope"],
    "ArgumentParser": ["neuroscope"],
    "OrderedCollections": ["JSON", "Templates", "Tokenizers", "Runs", "API"],
    "DequeModule": ["Streams", "Runs"],
    "HeapModule": ["Tokenizers"],
  ]

  /// Modules of C libraries that only a `Fence` file imports, since only it may call them.
  static let fenced: Set<String> = ["Glibc", "Musl", "Darwin", "CZlib", "CSystem"]
}
