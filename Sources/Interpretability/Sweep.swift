package import Engine
package import Hooks
package import Tokenizers

/// A behaviour measured again and again, each time with one other place of the forward pass changed.
///
/// Ablation takes a place away (Wang and others 2022); patching puts what a clean run had there into a corrupted one
/// (Meng and others 2022, TransformerLens's `patching`). The measure is the mean logit difference over the prompts.
package struct Sweep: Sendable {
  /// What is done to a place.
  package enum Change: Sendable {
    case zero
    /// The mean over the prompts of the undisturbed run takes its place, position by position.
    case mean
    /// In the corrupted prompt the clean prompt's own numbers take its place.
    case patch
  }

  /// What a place is, besides its layer.
  package enum Axis: String, Sendable, CaseIterable {
    /// The whole layer: all heads, all positions.
    case layer
    /// One head at all positions.
    case head
    /// One position.
    case position
  }

  /// What is to be measured.
  ///
  /// All prompts, and their corrupted versions, are of one length.
  package struct Plan: Sendable {
    package let prompts: [ContrastPrompt]
    /// For each prompt the tokens in which the behaviour fails; empty but for patching.
    package let corrupted: [[Token]]
    package let change: Change
    /// A site whose rows are positions, with or without heads.
    package let site: HookSite
    package let layers: [Int]
    package let axis: Axis

    package init(
      prompts: [ContrastPrompt], corrupted: [[Token]] = [], change: Change, site: HookSite,
      layers: [Int], axis: Axis
    ) {
      self.prompts = prompts
      self.corrupted = corrupted
      self.change = change
      self.site = site
      self.layers = layers
      self.axis = axis
    }

    /// Places of one layer.
    package func places(_ catalogue: HookCatalogue) -> Int {
      switch axis {
      case .layer: 1
      case .head: catalogue.width(of: site) / max(catalogue.headDimension, 1)
      case .position: prompts.first?.tokens.count ?? 0
      }
    }

    /// Forward passes in all: of each prompt undisturbed, corrupted, looked at, and once for each place.
    package func passes(_ catalogue: HookCatalogue) -> Int {
      let fixed =
        switch change {
        case .zero: 1
        case .mean: 2
        case .patch: 3
        }
      return prompts.count * (fixed + layers.count * places(catalogue))
    }
  }

  /// Mean logit differences of the undisturbed prompts, and of the corrupted ones.
  package let clean: Float
  package let corrupted: Float?
  /// `[layer][place]`: the mean logit difference with that place changed.
  package let differences: [[Float]]

  /// How much of the difference each patch restores (1 is all of it), or each ablation adds.
  package var effect: [[Float]] {
    guard let corrupted else { return differences.map { $0.map { $0 - clean } } }
    return differences.map { $0.map { ($0 - corrupted) / (clean - corrupted) } }
  }

  /// Runs all passes of a plan, one behind the other, as ordinary generations of the engine.
  ///
  /// A cancelled task ends it between two passes, or two chunks of a long prompt.
  /// - Parameter progress: told after each pass how many are done.
  package static func run(
    _ plan: Plan, on engine: Engine, _ model: LoadedModel,
    progress: @Sendable (Int) async -> Void = { _ in }
  ) async throws(EngineError) -> Sweep {
    var done = 0
    func measured<Value>(_ value: Value) async -> Value {
      done += 1
      await progress(done)
      return value
    }
    let share = 1 / Float(max(plan.prompts.count, 1))
    let places = plan.places(model.catalogue)
    var clean: Float = 0
    var corrupted: Float = 0
    var differences = plan.layers.map { _ in [Float](repeating: 0, count: places) }
    var replacement: [[Float]] = []
    if plan.change == .mean {
      for prompt in plan.prompts {
        let rows = await measured(try await plan.rows(of: prompt, engine, model))
        replacement =
          replacement.isEmpty
          ? rows.map { $0.map { $0 * share } }
          : zip(
            replacement, rows
          ).map { zip($0, $1).map { $0 + $1 * share } }
      }
    }
    for (index, prompt) in plan.prompts.enumerated() {
      clean += share * (await measured(try await prompt.difference(on: engine, model)))
      var changed = prompt
      if plan.change == .patch {
        changed = ContrastPrompt(
          tokens: plan.corrupted[index], answer: prompt.answer, wrong: prompt.wrong)
        corrupted += share * (await measured(try await changed.difference(on: engine, model)))
        replacement = await measured(try await plan.rows(of: prompt, engine, model))
      }
      for (row, layer) in plan.layers.enumerated() {
        for place in 0..<places {
          let edit = plan.edit(
            layer: layer, place: place, replacement.isEmpty ? [] : replacement[row],
            width: model.catalogue.width(of: plan.site))
          let difference = try await changed.difference(on: engine, model, interventions: [edit])
          differences[row][place] += share * (await measured(difference))
        }
      }
    }
    return Sweep(
      clean: clean, corrupted: plan.change == .patch ? corrupted : nil, differences: differences)
  }
}

extension Sweep.Plan {
  /// What a prompt's own run has at the site: for each layer rows `[position, width]`.
  fileprivate func rows(
    of prompt: ContrastPrompt, _ engine: Engine, _ model: LoadedModel
  ) async throws(EngineError) -> [[Float]] {
    let points = layers.map { HookPoint(site, layer: $0) }
    let pass = try await PromptPass.run(prompt.tokens, on: engine, model, capturing: points)
    return points.map { pass.tensor($0).positionMajor }
  }

  fileprivate func edit(layer: Int, place: Int, _ rows: [Float], width: Int) -> Intervention {
    let edit: any Hooks.Change =
      change == .zero
      ? Zero() : Patch(PatchedRows(values: rows, width: width, firstPosition: 0))
    return Intervention(
      id: "sweep", point: HookPoint(site, layer: layer), change: edit,
      positions: axis == .position ? .list([place]) : .all, heads: axis == .head ? [place] : nil)
  }
}

extension CapturedPass.Tensor {
  /// Its numbers position by position, heads one behind the other: the order of an intervention's rows.
  package var positionMajor: [Float] {
    guard dimensions.count == 3 else { return values }
    let (heads, positions, size) = (dimensions[0], dimensions[1], dimensions[2])
    var rows: [Float] = []
    rows.reserveCapacity(values.count)
    for position in 0..<positions {
      for head in 0..<heads {
        let start = (head * positions + position) * size
        rows += values[start..<start + size]
      }
    }
    return rows
  }
}
