internal import Checkpoints
internal import Foundation
internal import Hooks
internal import Models
internal import Tensors

/// A checkpoint's facts in lines for people.
struct InspectReport {
  let summary: CheckpointSummary
  /// The hash of all bytes, where they were read.
  let identity: String?
  /// Nil where no family here runs the architecture.
  let catalogue: HookCatalogue?
  /// Positions that the cache's memory is counted for.
  let context: Int

  init(
    _ summary: CheckpointSummary, identity: String? = nil, catalogue: HookCatalogue?, context: Int
  ) {
    self.summary = summary
    self.identity = identity
    self.catalogue = catalogue
    self.context = context
  }

  private var c: ModelConfiguration { summary.configuration }

  var lines: [String] {
    let name = URL(fileURLWithPath: summary.path).standardizedFileURL.lastPathComponent
    let facts =
      [
        (
          "format",
          "\(summary.format.rawValue), \(Figures.bytes(summary.fileBytes)) in \(summary.tensorCount) tensors"
        ),
        (
          "family",
          catalogue == nil ? "\(c.architecture), which this program does not run" : c.architecture
        ),
        ("size", size), ("attention", attention), ("positions", positions),
        (
          "vocabulary",
          "\(c.vocabularySize)\(c.tiedEmbeddings ? ", embeddings tied to the head" : "")"
        ),
        ("tokenizer", tokenizer),
        ("sampled", summary.contentHash),
      ] + (adapter.map { [("adapter", $0)] } ?? []) + (sampling.map { [("sampling", $0)] } ?? [])
      + (identity.map { [("hash", $0)] } ?? [])
    return [name] + facts.map { "  " + $0.0.padded(to: 12) + $0.1 } + ["", "weights"] + weights
      + ["", "memory"] + memory + remarks
      + (catalogue.map { ["", "hook points"] + hookPoints($0) } ?? [])
  }

  private var size: String {
    var text =
      "\(Figures.count(summary.parameterCount)) parameters, \(c.layers) layers × \(c.hiddenSize), "
    text += "feed-forward \(c.intermediateSize) (\(c.activation.rawValue))"
    if c.experts > 0 { text += ", \(c.experts) experts a layer, \(c.expertsPerToken) a token" }
    return text
  }

  private var attention: String {
    var text = "\(c.heads) heads of \(c.headDimension)"
    if c.keyValueHeads != c.heads { text += ", \(c.keyValueHeads) for keys and values" }
    let sliding = c.attentionSpans.count { $0 == .sliding }
    if sliding > 0, let window = c.slidingWindow {
      text += "; \(sliding) layers see only the last \(window) positions"
    }
    return text
  }

  private var positions: String {
    let kind = c.rope.map { "rotary, base \(Figures.short($0.theta))" } ?? "learned"
    return "\(c.contextLength), \(kind)"
  }

  private var tokenizer: String {
    let chat = summary.hasChatTemplate ? "with a chat template" : "without a chat template"
    switch summary.tokenizer {
    case .none: return "none"
    case .huggingFace: return "tokenizer.json, \(chat)"
    case .gguf(let model, let pre, let tokens):
      let kind = pre.map { "\(model)/\($0)" } ?? model
      return "in the file, \(kind), \(tokens) tokens, \(chat)"
    }
  }

  private var weights: [String] {
    summary.codings.map { coding in
      "  " + coding.name.padded(to: 12) + "\(coding.tensors) tensors".padded(to: 14)
        + "\(Figures.count(coding.parameters)) numbers".padded(to: 18)
        + Figures.bytes(coding.bytes).padded(to: 12)
        + (coding.parameters > 0 ? "\(Figures.short(coding.bitsPerParameter)) bits each" : "")
    }
  }

  private var memory: [String] {
    let memory = summary.memory
    var lines = [("mapped file", Figures.bytes(memory.mapped))]
    if memory.repacked > 0 { lines.append(("repacked", Figures.bytes(memory.repacked))) }
    for (name, width) in [("f32", 4), ("f16", 2)] {
      let bytes = memory.cache(positions: context, bytesPerNumber: width)
      lines.append(
        ("cache \(name)", "\(bytes.map(Figures.bytes) ?? "too much") for \(context) positions"))
    }
    return lines.map { "  " + $0.0.padded(to: 12) + $0.1 }
  }

  /// What was not understood or not used, and what else to know; nothing where all is plain.
  private var remarks: [String] {
    let aside = summary.tensorsAside.map { "\($0.name) (\($0.tensors) tensors)" }
    let sections = [
      ("not understood, and without effect", c.unknownFields), ("left aside", aside),
      ("notes", summary.notes.map(\.description)),
    ]
    return sections.flatMap { title, lines in
      lines.isEmpty ? [] : ["", title] + lines.map { "  " + $0 }
    }
  }

  /// What was named with --adapter.
  private var adapter: String? {
    summary.adapter.map { adapter in
      let (low, high) = (adapter.ranks.lowerBound, adapter.ranks.upperBound)
      return "LoRA (\(adapter.format)), \(adapter.updates) matrices of rank "
        + (low == high ? "\(low)" : "\(low) to \(high)")
        + (adapter.replacements.isEmpty ? "" : ", \(adapter.replacements.count) tensors replaced")
    }
  }

  /// How its makers would have tokens drawn.
  private var sampling: String? {
    guard let sampling = c.samplingDefaults else { return nil }
    let numbers: [(String, Double?)] = [
      ("temperature", sampling.temperature), ("top_k", sampling.topK.map(Double.init)),
      ("top_p", sampling.topP), ("min_p", sampling.minP),
      ("repetition_penalty", sampling.repetitionPenalty),
    ]
    let text = numbers.compactMap { name, value in
      value.map { "\(name) \(Figures.short($0))" }
    }.joined(separator: ", ")
    guard !sampling.notApplied.isEmpty else { return text }
    return text + "; not done here: " + sampling.notApplied.joined(separator: ", ")
  }

  private func hookPoints(_ catalogue: HookCatalogue) -> [String] {
    let sites = catalogue.orderedSites
    return sites.map { site in
      let name = site.isPerLayer ? "blocks.N.\(site.name)" : site.name
      let shape = catalogue.shape(of: site).sizes.map(\.description)
      return "  " + name.padded(to: 40) + site.component.rawValue.padded(to: 18)
        + "[1, \(shape.joined(separator: ", "))]"
    } + [
      "  N is 0 to \(catalogue.layers - 1), S the positions, K the keys; \(catalogue.points.count) points in all"
    ]
  }
}
