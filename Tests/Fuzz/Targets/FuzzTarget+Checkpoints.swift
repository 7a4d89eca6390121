import Checkpoints

extension FuzzTarget {
  /// A GGUF file is refused by name of what is wrong, or opened.
  package static let gguf = FuzzTarget(name: "gguf") { bytes in
    _ = ScratchFile.with(bytes, named: "m.gguf") { path in _ = try? Checkpoint.open(path) }
    return nil
  }

  /// A safetensors file beside a plain configuration is refused, or opened.
  package static let safetensors = FuzzTarget(name: "safetensors") { bytes in
    _ = ScratchFile.with(bytes, named: "model.safetensors") { path in
      _ = try? Checkpoint.open(path)
    }
    return nil
  }
}
