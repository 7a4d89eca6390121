extension Checkpoint {
  /// Refuses a checkpoint of which the layers left a tensor unread that belongs to the text model.
  ///
  /// Asked once all layers are built: a mistyped name, a bias that the configuration denies, a layer too many or a norm
  /// that the family does not have would otherwise change the answer without a word.
  package func refuseUnread() throws(CheckpointError) {
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

  /// Modules beside the text model that hold tensors, with how many: towers for pictures and sound, heads of training.
  package var modulesBeside: [(name: String, tensors: Int)] {
    var counts: [String: Int] = [:]
    for name in tensorNames {
      guard let module = Self.beside.first(where: name.hasPrefix) else { continue }
      counts[String(module.dropLast()), default: 0] += 1
    }
    return counts.map { (name: $0.key, tensors: $0.value) }.sorted { $0.name < $1.name }
  }

  /// True for tensors that no pass over text needs: those beside, masks, and frequencies that the configuration gives.
  private func isBeside(_ name: String) -> Bool {
    if Self.beside.contains(where: name.hasPrefix) { return true }
    if name.hasSuffix(".rotary_emb.inv_freq") || name.hasPrefix("rope_f") { return true }
    return tensors.peek(name).map(SafetensorsFormat.isMask) ?? false
  }

  private static let beside = [
    "vision_tower.", "model.vision_tower.", "vision_model.", "visual.", "model.visual.",
    "multi_modal_projector.", "model.multi_modal_projector.", "audio_tower.", "model.audio_tower.",
    "v_head.", "mm.", "v.",
  ]
}
