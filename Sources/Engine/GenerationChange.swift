package import Hooks

/// A change of a generation while it goes on.
///
/// The engine applies changes one after the other and tells each through the sink as it applies it, so the order in the
/// stream is the order in which they took effect, whoever asked for them and whoever hears first.
package struct GenerationChange: Sendable {
  package enum Kind: Sendable {
    /// Captures more, and no longer what bears one of the ids, or an added one's; where `removing` is nil, nothing but
    /// what is added. What analyses capture stays.
    case captures(adding: [CaptureSpec], removing: Set<String>?)
    /// Adds an intervention, or replaces the one of equal id.
    case intervention(Intervention)
    case removal(interventionID: String)
    /// Watches for more, and no longer for what bears one of the numbers; where `removing` is nil, for nothing but what is
    /// added.
    case watches(adding: [Watchpoint], removing: Set<Int>?)
  }

  /// The asker's number, which comes back in ``AppliedChange``.
  package let tag: UInt64
  package let kind: Kind

  package init(tag: UInt64 = 0, _ kind: Kind) {
    self.tag = tag
    self.kind = kind
  }
}

/// A change that the engine has made.
package struct AppliedChange: Sendable, Equatable {
  /// The number of the ``GenerationChange``.
  package let tag: UInt64
  /// The first pass that is computed with it.
  package let firstStep: Int
  /// The first pass without the intervention that it replaced, nil where there was none.
  package let replacedFrom: Int?
}

extension Session {
  /// Makes a change; it takes effect with the next pass.
  ///
  /// - Throws: `EngineError.captureMemory` for captures that never could have room in `memory`, `unknownIntervention`.
  func apply(
    _ change: GenerationChange, within memory: CaptureMemory
  ) throws(EngineError) -> AppliedChange {
    var firstStep = nextPass
    var replacedFrom: Int?
    switch change.kind {
    case .captures(let added, let removed):
      let wanted = captures(adding: added, removing: removed)
      try memory.check(bytes(of: wanted))
      captures = wanted
    case .intervention(let intervention):
      let starting = intervention.starting(at: nextPass)
      if interventions.contains(where: { $0.id == intervention.id }) { replacedFrom = nextPass }
      interventions.set(intervention, from: nextPass)
      announced.remove(intervention.id)
      firstStep = starting.fromStep
    case .watches(let added, let removed):
      var list = watches
      list.change(adding: added, removing: removed)
      let wanted = captures(watching: list)
      try memory.check(bytes(of: wanted))
      captures = wanted
      watches = list
    case .removal(let id):
      guard interventions.contains(where: { $0.id == id }) else { throw .unknownIntervention(id) }
      interventions.remove(id)
    }
    needsCompile = true
    return AppliedChange(tag: change.tag, firstStep: firstStep, replacedFrom: replacedFrom)
  }

  /// What is captured after a change.
  private func captures(
    adding added: [CaptureSpec], removing removed: Set<String>?
  ) -> [CaptureSpec] {
    let replaced = ReplacedHooks(adding: added, removing: removed)
    var captures = captures
    captures.removeAll { !$0.isForAnalysis && replaced.contains($0) }
    // What analyses read comes behind the hooks' tensors.
    let end = captures.firstIndex(where: \.isForAnalysis) ?? captures.endIndex
    captures.insert(contentsOf: added, at: end)
    return captures
  }
}
