package import Hooks
package import Tokenizers

/// What of a behaviour goes from some parts of the model to others: path patching (Wang and others 2022; Goldowsky-Dill
/// and others 2023).
///
/// One prompt's run is the base. Its senders' outputs become those of the other prompt's run while the outputs of all other parts
/// are held at the base's own; what receivers then read is kept. In a further run of the base those receivers read that, and
/// everything behind them follows. The measure is the mean logit difference over the prompts.
package struct PathPatching: Sendable, Equatable {
  /// Whose run is the base.
  package enum Direction: String, Sendable, CaseIterable {
    /// The clean prompt's: senders are corrupted.
    case noising
    /// The corrupted prompt's: senders are restored.
    case denoising
  }

  /// Parts whose outputs are held between senders and receivers.
  package enum Part: String, Sendable, CaseIterable {
    case heads
    /// Feed-forward parts and experts.
    case mlps
  }

  /// What is to be measured; all prompts, and their corrupted versions, are of one length.
  package struct Plan: Sendable {
    package let prompts: [ContrastPrompt]
    package let corrupted: [[Token]]
    /// Each entry is exchanged together.
    package let senders: [[PathSender]]
    /// Each entry reads together; one with the logits has nothing else.
    package let receivers: [[PathReceiver]]
    package let direction: Direction
    /// Both for the direct paths; heads alone as in the paper, whose paths pass through feed-forward parts.
    package let frozen: Set<Part>

    package init(
      prompts: [ContrastPrompt], corrupted: [[Token]], senders: [[PathSender]],
      receivers: [[PathReceiver]], direction: Direction = .noising,
      frozen: Set<Part> = Set(Part.allCases)
    ) {
      self.prompts = prompts
      self.corrupted = corrupted
      self.senders = senders
      self.receivers = receivers
      self.direction = direction
      self.frozen = frozen
    }

    /// Whether anything of a group of senders can come to a group of receivers.
    package func connects(_ sender: Int, _ receiver: Int, _ catalogue: HookCatalogue) -> Bool {
      let isParallel = !catalogue.sites.contains(.residualMid)
      return senders[sender].contains { one in
        receivers[receiver].contains { one.reaches($0, isParallel: isParallel) }
      }
    }

    /// The logits are read where senders are exchanged; all other receivers take a pass of their own.
    func isLogits(_ receiver: Int) -> Bool { receivers[receiver].contains { $0.part == .logits } }

    /// Forward passes in all.
    package func passes(_ catalogue: HookCatalogue) -> Int {
      let each = senders.indices.reduce(2) { sum, sender in
        let reached = receivers.indices.filter { connects(sender, $0, catalogue) }
        return sum + (reached.isEmpty ? 0 : 1) + reached.filter { !isLogits($0) }.count
      }
      return prompts.count * each
    }

    /// Bytes of activations that are held at once.
    package func bytes(_ catalogue: HookCatalogue) -> Double {
      let points = basePoints(catalogue) + sourcePoints + receiverPoints
      let numbers = points.reduce(0.0) { $0 + Double(catalogue.width(of: $1.site)) }
      let positions = Double(prompts.first?.tokens.count ?? 0)
      // Captured, and once more as an intervention's rows.
      return 2 * numbers * positions * Double(MemoryLayout<Float>.size)
    }
  }

  /// Mean logit differences of the undisturbed prompts, and of the corrupted ones.
  package let clean: Float
  package let corrupted: Float
  package let direction: Direction
  /// `[sender][receiver]`: the mean logit difference; nil where no path leads from one to the other.
  package let differences: [[Float?]]

  /// How far each path takes the difference from the base's to the other prompt's: 1 is all of it.
  package var effect: [[Float?]] {
    let (base, other) = direction == .noising ? (clean, corrupted) : (corrupted, clean)
    return differences.map { $0.map { $0.map { ($0 - base) / (other - base) } } }
  }
}

extension PathPatching.Plan {
  /// The first layer that a sender writes in.
  private var firstLayer: Int { senders.joined().map { max($0.layer, 0) }.min() ?? 0 }

  /// What is held of the base's run.
  func basePoints(_ catalogue: HookCatalogue) -> [HookPoint] {
    let layers = firstLayer..<catalogue.layers
    return (frozen.contains(.heads) ? layers.map { HookPoint(.headOutput, layer: $0) } : [])
      + (frozen.contains(.mlps) ? layers.map { HookPoint(.mlpAdded, layer: $0) } : [])
  }

  /// What is taken of the other prompt's run.
  var sourcePoints: [HookPoint] { Array(Set(senders.joined().map(\.point))) }

  /// What receivers make of what they read.
  var receiverPoints: [HookPoint] { Array(Set(receivers.joined().compactMap(\.point))) }
}

extension PathSender {
  var point: HookPoint {
    switch part {
    case .embedding: HookPoint(.embedding)
    case .head: HookPoint(.headOutput, layer: layer)
    case .mlp: HookPoint(.mlpAdded, layer: layer)
    }
  }
}

extension PathReceiver {
  /// The first thing that is made of what it reads and of nothing else; nil for the logits.
  var point: HookPoint? {
    switch part {
    case .query: HookPoint(.query, layer: layer)
    case .key: HookPoint(.key, layer: layer)
    case .value: HookPoint(.value, layer: layer)
    // Before any norm behind it; what is added to the stream stays held.
    case .mlp: HookPoint(.mlpOutput, layer: layer)
    case .logits: nil
    }
  }
}
