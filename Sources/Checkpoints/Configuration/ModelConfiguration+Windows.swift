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
    try pickLayers(fields, isSwitched: isSwitched, window: window)
    let slides = attentionSpans.contains(.sliding)
    guard slides, window == nil else {
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
    _ fields: ConfigurationFields, isSwitched: Bool, window: Int?
  ) throws(CheckpointError) {
    if let names = try fields.strings("layer_types") {
      attentionSpans = try Self.spans(names, fields, layers: layers)
    } else if isSwitched {
      let first = try fields.integer("max_window_layers", in: 0...Bounds.layers.upperBound) ?? 0
      slide { window != nil && $0 >= first }
    } else if let period = try fields.integer("sliding_window_pattern", in: 1...1_024) {
      slide { ($0 + 1) % period != 0 }
    } else if architecture == "gpt_oss" {
      slide { $0 % 2 == 0 }
    } else {
      slide { _ in window != nil }
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
