extension FuzzTarget {
  /// Every reader of bytes from outside: one file and one line each.
  package static let all: [FuzzTarget] = [
    .http, .webSocket, .frames, .json, .recordings, .gguf, .safetensors, .tokenizer,
  ]
}
