extension Checkpoint {
  /// Refuses a checkpoint of which the layers left a tensor unread that belongs to the text model.
  ///
  /// Asked once all layers are built: a mistyped name, a bias that the configuration denies, a layer too many or a norm
  /// that the family does not have would otherwise change the answer without a word.
  package func refuseUnread() throws(CheckpointError) {
    try refuseUnreadAdapter()
    let untaken = tensors.untaken
    guard let name = tensorNames.first(where: { untaken.contains($0) && !isBeside($0) }) else {
      return
    }
    throw CheckpointError(
      .unsupported, file: path, .tensor(name),
      expected:
        "only tensors that a \(configuration.architecture) model of this configuration reads "
        + "(\(configuration.layers) layers); rename or remove it, or mend the configuration",
      found: "one that it does not")
  }

  /// Tensors that no pass over text reads, counted by what they belong to: towers for pictures and sound, heads of
  /// training, masks, and frequencies that the configuration gives.
  package var tensorsAside: [TensorGroup] {
    var counts: [String: Int] = [:]
    for name in tensorNames {
      if let group = aside(name) { counts[group, default: 0] += 1 }
    }
    return counts.map { TensorGroup(name: $0.key, tensors: $0.value) }.sorted { $0.name < $1.name }
  }

  /// What a tensor belongs to that no pass over text reads; nil for all others.
  private func aside(_ name: String) -> String? {
    // Nearly all names are of layers, which no such module has.
    if !name.hasPrefix("model.layers."), !name.hasPrefix("blk."),
      let module = Self.beside.first(where: name.hasPrefix)
    {
      return String(module.dropLast())
    }
    for end in Self.ends where name.hasSuffix(end) { return String(end.dropFirst()) }
    let isMask = tensors.peek(name).map(SafetensorsFormat.isMask) ?? false
    return isMask ? "attn.bias" : nil
  }

  /// True for tensors that may stay unread: those aside, and GGUF's factors that the configuration took.
  private func isBeside(_ name: String) -> Bool {
    (format == .gguf && RopeConfiguration.factorTensors.contains(name)) || aside(name) != nil
  }

  private static let ends = [".rotary_emb.inv_freq", ".attn.masked_bias"]
  private static let beside = [
    "vision_tower.", "model.vision_tower.", "vision_model.", "visual.", "model.visual.",
    "multi_modal_projector.", "model.multi_modal_projector.", "audio_tower.", "model.audio_tower.",
    "v_head.", "mm.", "v.",
  ]
}

/// Tensors with something in common.
package struct TensorGroup: Sendable, Equatable {
  /// The module they lie in, or the end of their names.
  package let name: String
  package let tensors: Int

  package init(name: String, tensors: Int) {
    self.name = name
    self.tensors = tensors
  }
}
