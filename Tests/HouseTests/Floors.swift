/// The floors of the house, as `Sources/README.md` draws them: a room, and the rooms it may see.
///
/// An arrow goes down only. A change here is a change of the architecture: draw it there too.
enum Floors {
  static let all: [String: Set<String>] = [
    "CKernels": [], "COpenBLAS": [], "CZlib": [],
    "Tensors": ["CKernels", "COpenBLAS"],
    "Compression": ["CZlib"],
    "Frames": ["Compression"],
    "Wire": ["Compression"],
    "Loops": [],
    "Sockets": ["Loops"],
    "Checkpoints": ["Tensors"],
    "Tokenizers": [],
    "Hooks": ["Tensors"],
    "Models": ["Tensors", "Checkpoints", "Hooks"],
    "Engine": ["Models", "Checkpoints", "Tokenizers", "Hooks", "Tensors", "Loops"],
    "Interpretability": ["Engine", "Hooks", "Tensors", "Tokenizers"],
    "Recordings": ["Frames", "Compression"],
    "Server": [
      "Engine", "Hooks", "Interpretability", "Recordings", "Frames", "Wire", "Compression",
      "Sockets", "Loops", "Tokenizers", "Tensors",
    ],
    "neuroscope": [
      "Server", "Engine", "Models", "Checkpoints", "Tokenizers", "Hooks", "Tensors", "Frames",
      "Compression", "Recordings", "Wire", "Sockets", "Loops", "Interpretability",
    ],
  ]

  /// Modules of the toolchain that any room may see.
  static let toolchain: Set<String> = [
    "Foundation", "FoundationEssentials", "Dispatch", "Synchronization", "Glibc", "Musl", "Darwin",
  ]

  /// Modules of packages, and the rooms that may see them.
  static let packages: [String: Set<String>] = [
    "HTTPTypes": ["Wire", "Server"],
    "Logging": ["Engine", "Server", "neuroscope"],
    "Metrics": ["Engine", "Server"],
    "ServiceLifecycle": ["Server", "neuroscope"],
    "UnixSignals": ["neuroscope"],
    "FoundationNetworking": ["neuroscope"],
    "ArgumentParser": ["neuroscope"],
    "Collections": ["Tokenizers", "Server"],
    "OrderedCollections": ["Tokenizers", "Server"],
    "DequeModule": ["Tokenizers", "Server"],
    "HeapModule": ["Tokenizers", "Server"],
  ]

  /// Modules of C libraries that only a `Fence` file imports, since only it may call them.
  static let fenced: Set<String> = ["Glibc", "Musl", "Darwin", "CZlib", "COpenBLAS"]
}
