/// How names of multimodal files are brought to those of the text model inside.
enum TensorNames {
  /// Drops what a wrapper put in front: `language_model.model.norm.weight` and
  /// `model.language_model.norm.weight` both are `model.norm.weight`.
  static func canonical(_ name: String) -> String {
    if name.hasPrefix("language_model.") { return String(name.dropFirst("language_model.".count)) }
    let inner = "model.language_model."
    return name.hasPrefix(inner) ? "model." + name.dropFirst(inner.count) : name
  }
}
