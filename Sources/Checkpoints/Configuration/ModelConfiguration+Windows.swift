extension ModelConfiguration {
  /// Which layers slide, and over how many keys, as each family's class in transformers decides it.
  mutating func readWindows(
    _ fields: ConfigurationFields, _ traits: Architecture.Traits
  ) throws(CheckpointError) {
    slide { _ in false }
    guard traits.keys.used["sliding_window"] != nil else { return }
    let isSwitched = traits.keys.used["use_sliding_window"] != nil
    let isOff = isSwitched ? try fields.bool("use_sliding_window") != true : false
    let window = isOff ? nil : try fields.integer("sliding_window", in: Bounds.context)
    try pickLayers(fields, traits.windows, window: window, isOff: isOff)
    let slides = attentionSpans.contains(.sliding)
    // Families that mix both kinds make a window's mask whether or not a layer takes it.
    var needsWindow = slides
    if case .allBut = traits.windows { needsWindow = true }
    guard needsWindow, window == nil else {
      slidingWindow = slides ? window : nil
      return
    }
    if isOff {
      throw fields.wrong(
        "layer_types", "no sliding_attention, since use_sliding_window is not true",
        found: "sliding_attention")
    }
    throw fields.wrong(
      "sliding_window", "the keys that sliding layers see", found: "none")
  }

  private mutating func pickLayers(
    _ fields: ConfigurationFields, _ windows: Architecture.Windows, window: Int?, isOff: Bool
  ) throws(CheckpointError) {
    if let names = try fields.strings("layer_types") {
      attentionSpans = try Self.spans(names, fields, layers: layers)
      return
    }
    let bound = try fields.integer("max_window_layers", in: 0...Bounds.layers.upperBound) ?? 0
    switch windows {
    case .all: slide { _ in window != nil }
    case .fromLayer: slide { window != nil && $0 >= bound }
    case .alternateBelowLayer: slide { !isOff && $0 % 2 == 0 && $0 < bound }
    case .unrotated:
      let unrotated = unrotatedLayers
      slide { window != nil && unrotated.contains($0) }
    case .allBut(let standard):
      let period = try fields.integer("sliding_window_pattern", in: 1...1_024) ?? standard
      slide { ($0 + 1) % period != 0 }
    }
  }

  /// Lets the layers slide that the closure picks.
  mutating func slide(_ isSliding: (Int) -> Bool) {
    attentionSpans = (0..<layers).map { isSliding($0) ? .sliding : .full }
  }

  private static func spans(_ names: [String], _ fields: ConfigurationFields, layers: Int)
    throws(CheckpointError) -> [AttentionSpan]
  {
    guard names.count == layers else {
      throw fields.wrong("layer_types", "\(layers) entries, one a layer", found: "\(names.count)")
    }
    var spans: [AttentionSpan] = []
    for name in names {
      switch name {
      case "full_attention": spans.append(.full)
      case "sliding_attention": spans.append(.sliding)
      default:
        throw fields.unsupported(
          "layer_types", "full_attention or sliding_attention", found: "'\(name)'")
      }
    }
    return spans
  }
}
