package import Tensors

/// What one run wants of the forward pass: its captures and its interventions, compiled for look-up.
///
/// A model asks ``wants(_:layer:)`` and calls ``see(_:layer:rows:firstPosition:)`` only where something is wanted, so
/// an unhooked point costs a load and a test. Interventions change the rows in place; captures then copy what they keep.
/// The arithmetic of the model is the same with and without a tap.
///
/// - Isolation: belongs to the engine's loop.
package final class RunTap {
  package let catalogue: HookCatalogue
  package private(set) var specs: [CaptureSpec] = []
  package private(set) var interventions: [Intervention] = []

  private let pool: CapturePool
  private let slots: PointSlots
  private var isWanted: [Bool]
  /// The slots of all points that are captured or changed, each once.
  private(set) var wantedSlots: [Int] = []
  /// Indices of specs and of interventions, by their point's slot.
  private var specsAt: [[Int]]
  private var interventionsAt: [[Int]]

  private var step = 0
  private var pass = 0..<0
  private var batch: CaptureBatch?
  /// The place in the batch of each spec's item, or -1 where this pass keeps nothing of it.
  private var itemOfSpec: [Int] = []
  private var layouts: [Layout] = []
  /// Numbers of a head in the rows of each intervention's point.
  private var headSizes: [Int] = []
  /// Each spec's dimensions as last planned: a generated token's are mostly those of the one before, and shared with it.
  private var planned: [Planned] = []

  /// The captures of the pass that was planned last, and their numbers.
  private var items: [CaptureBatch.Item] = []
  private var floats = 0
  /// Whether the pass has not begun since.
  private var isPlanned = false

  /// What copying needs to know of a spec, looked up once.
  private struct Layout {
    let shape: CaptureShape
    let isPerHead: Bool
    let headSize: Int
    /// What is kept of the last axis; nil keeps all.
    let columns: [Int]?
    let isOverKeys: Bool
  }

  private struct Planned {
    var positions = -1
    var keys = 0
    var dimensions: [Int] = []
  }

  package init(catalogue: HookCatalogue, pool: CapturePool) {
    self.catalogue = catalogue
    self.pool = pool
    slots = PointSlots(layers: catalogue.layers)
    isWanted = Array(repeating: false, count: slots.count)
    specsAt = Array(repeating: [], count: slots.count)
    interventionsAt = Array(repeating: [], count: slots.count)
  }

  /// Whether a site is captured or changed at a layer (-1: outside the blocks).
  package func wants(_ site: HookSite, layer: Int) -> Bool {
    isWanted[slots.slot(site, layer: layer)]
  }
  /// True where nothing is captured nor changed anywhere.
  package var isIdle: Bool { specs.isEmpty && interventions.isEmpty }

  /// Replaces the captures; takes effect with the next pass.
  package func setCaptures(_ specs: [CaptureSpec]) {
    self.specs = specs
    compile()
  }

  /// Replaces the interventions; takes effect with the next pass.
  package func setInterventions(_ interventions: [Intervention]) {
    self.interventions = interventions
    compile()
  }

  private func compile() {
    isPlanned = false
    layouts = specs.map { spec in
      let axes = spec.point.site.axes
      return Layout(
        shape: spec.shape(in: catalogue), isPerHead: axes.count == 3,
        headSize: catalogue.headSize(of: spec.point.site),
        columns: axes.last.flatMap(spec.selection.indices), isOverKeys: spec.point.site.isOverKeys)
    }
    headSizes = interventions.map { catalogue.headSize(of: $0.point.site) }
    planned = Array(repeating: Planned(), count: specs.count)
    for slot in wantedSlots {
      isWanted[slot] = false
      specsAt[slot].removeAll(keepingCapacity: true)
      interventionsAt[slot].removeAll(keepingCapacity: true)
    }
    wantedSlots.removeAll(keepingCapacity: true)
    for (index, spec) in specs.enumerated() { specsAt[want(spec.point)].append(index) }
    for (index, intervention) in interventions.enumerated() {
      interventionsAt[want(intervention.point)].append(index)
    }
  }

  /// Notes that a point is wanted.
  private func want(_ point: HookPoint) -> Int {
    let slot = slots.slot(point.site, layer: point.layer)
    if !isWanted[slot] { wantedSlots.append(slot) }
    isWanted[slot] = true
    return slot
  }

  // MARK: A pass

  /// Plans the next pass, over `positions`, which may reach the model in several chunks.
  ///
  /// - Returns: bytes of memory that its captures take.
  package func planPass(step: Int, positions: Range<Int>) -> Int {
    self.step = step
    pass = positions
    batch = nil
    isPlanned = true
    itemOfSpec.removeAll(keepingCapacity: true)
    items.removeAll(keepingCapacity: true)
    floats = 0
    guard !specs.isEmpty else { return 0 }
    let positions = KeptPositions(pass)
    for (index, spec) in specs.enumerated() {
      guard let item = plan(spec, index: index, positions, offset: floats) else {
        itemOfSpec.append(-1)
        continue
      }
      itemOfSpec.append(items.count)
      items.append(item)
      floats += (item.count + 15) / 16 * 16
    }
    return floats * MemoryLayout<Float>.size
  }

  /// Prepares memory for a pass over `positions`, as it was planned.
  ///
  /// - Parameter charge: held as long as the captures are in memory.
  package func beginPass(
    step: Int, positions: Range<Int>, charge: (any Sendable)? = nil
  ) {
    if !isPlanned || step != self.step || positions != pass {
      _ = planPass(step: step, positions: positions)
    }
    isPlanned = false
    guard !specs.isEmpty else { return }
    let batch = CaptureBatch(
      step: step, specs: specs, slab: pool.take(floats), pool: pool, charge: charge)
    batch.items = items
    batch.isIntervened = interventions.contains { $0.applies(toStep: step, positions: pass) }
    self.batch = batch
    clearMaskedScores(batch)
  }

  /// The finished pass's tensors, or nil where it kept none.
  package func finishPass() -> CaptureBatch? {
    defer { batch = nil }
    guard let batch else { return nil }
    batch.items.removeAll { $0.positions.isEmpty }
    return batch.items.isEmpty ? nil : batch
  }

  private func plan(
    _ spec: CaptureSpec, index: Int, _ positions: KeptPositions, offset: Int
  ) -> CaptureBatch.Item? {
    guard step % max(spec.selection.every, 1) == 0 else { return nil }
    let kept = positions.kept(by: spec.selection.positions)
    guard !kept.isEmpty else { return nil }
    let site = spec.point.site
    let keys = layouts[index].isOverKeys ? pass.upperBound : 0
    if planned[index].positions != kept.count || planned[index].keys != keys {
      planned[index] = Planned(
        positions: kept.count, keys: keys,
        dimensions: layouts[index].shape.dimensions(positions: kept.count, keys: keys))
    }
    return CaptureBatch.Item(
      spec: index, dimensions: planned[index].dimensions, offset: offset,
      positions: site == .expertOutput ? [] : kept)
  }

  /// Keys after a query are never visited: scores there are minus infinity, the pattern is 0.
  private func clearMaskedScores(_ batch: CaptureBatch) {
    for item in batch.items {
      let site = specs[item.spec].point.site
      guard site == .attentionScores || site == .attentionPattern else { continue }
      UnsafeMutableBufferPointer(start: batch.base + item.offset, count: item.count)
        .update(repeating: site == .attentionScores ? -.infinity : 0)
    }
  }

  // MARK: Points

  /// Shows rows `[rows, width]` of this run at a point; heads lie one behind the other in a row.
  package func see(_ site: HookSite, layer: Int, rows: FloatRows, firstPosition: Int) {
    let slot = slots.slot(site, layer: layer)
    for index in interventionsAt[slot] where interventions[index].applies(toStep: step) {
      interventions[index].apply(
        to: rows, headSize: headSizes[index], firstPosition: firstPosition,
        lastPosition: pass.upperBound - 1)
    }
    guard let batch else { return }
    for index in specsAt[slot] where itemOfSpec[index] >= 0 {
      copy(rows, firstPosition: firstPosition, spec: index, item: itemOfSpec[index], batch)
    }
  }

  /// Shows scores or the pattern of a chunk, `[heads, rows, keys]` with `keyStride` floats to a row.
  ///
  /// Row r is the query at `firstPosition + r`; only keys up to it are looked at.
  package func seeScores(
    _ site: HookSite, layer: Int, base: UnsafeMutablePointer<Float>, heads: Int, rows: Int,
    keyStride: Int, firstPosition: Int
  ) {
    let slot = slots.slot(site, layer: layer)
    for head in 0..<heads {
      for row in 0..<rows {
        let keys = UnsafeMutableBufferPointer(
          start: base + (head * rows + row) * keyStride, count: firstPosition + row + 1)
        for index in interventionsAt[slot] where interventions[index].applies(toStep: step) {
          interventions[index].apply(
            toScores: keys, head: head, position: firstPosition + row,
            lastPosition: pass.upperBound - 1)
        }
        guard let batch else { continue }
        for index in specsAt[slot] where itemOfSpec[index] >= 0 {
          copy(
            keys, head: head, position: firstPosition + row, spec: specs[index],
            item: itemOfSpec[index], batch)
        }
      }
    }
  }

  /// Shows one expert's output `[1, d_model]` for a position routed to it.
  ///
  /// Rows of one expert must come in ascending position.
  package func seeExpert(_ expert: Int, layer: Int, row: FloatRows, position: Int) {
    let slot = slots.slot(.expertOutput, layer: layer)
    for index in interventionsAt[slot]
    where interventions[index].point.expert == expert && interventions[index].applies(toStep: step)
    {
      interventions[index].apply(
        to: row, headSize: headSizes[index], firstPosition: position,
        lastPosition: pass.upperBound - 1)
    }
    guard let batch else { return }
    for index in specsAt[slot] where itemOfSpec[index] >= 0 && specs[index].point.expert == expert {
      let selection = specs[index].selection
      let isLast = position == pass.upperBound - 1
      guard selection.positions.contains(position, isLast: isLast) else { continue }
      let item = itemOfSpec[index]
      let width = batch.items[item].dimensions[1]
      let place = batch.items[item].positions.count
      gather(
        row.row(0), selection.neurons,
        into: batch.base + batch.items[item].offset + place * width)
      batch.items[item].positions.append(position)
      batch.items[item].dimensions[0] = place + 1
    }
  }

  /// Experts forced or banned for a position, if any: the change to the router's choice.
  package func routing(layer: Int, position: Int) -> RoutingChoice {
    var choice = RoutingChoice()
    for index in interventionsAt[slots.slot(.routerLogits, layer: layer)] {
      let intervention = interventions[index]
      let isLast = position == pass.upperBound - 1
      guard let change = intervention.change as? any RoutingChange,
        intervention.applies(toStep: step),
        intervention.positions.contains(position, isLast: isLast)
      else { continue }
      change.adjust(&choice)
    }
    return choice
  }

  // MARK: Copying

  private func copy(
    _ rows: FloatRows, firstPosition: Int, spec: Int, item: Int, _ batch: CaptureBatch
  ) {
    let target = batch.items[item]
    let base = batch.base + target.offset
    let layout = layouts[spec]
    let heads = specs[spec].selection.heads
    let kept = target.positions.count
    for row in 0..<rows.rows {
      guard let place = index(of: firstPosition + row, in: target.positions) else { continue }
      let values = rows.row(row)
      if layout.isPerHead {
        let size = layout.headSize
        let width = target.dimensions[2]
        for slot in 0..<target.dimensions[0] {
          let head = heads?[slot] ?? slot
          gather(
            UnsafeMutableBufferPointer(rebasing: values[head * size..<(head + 1) * size]),
            layout.columns, into: base + (slot * kept + place) * width)
        }
      } else {
        gather(values, layout.columns, into: base + place * target.dimensions[1])
      }
    }
  }

  private func copy(
    _ keys: UnsafeMutableBufferPointer<Float>, head: Int, position: Int, spec: CaptureSpec,
    item: Int, _ batch: CaptureBatch
  ) {
    let target = batch.items[item]
    guard let place = index(of: position, in: target.positions) else { return }
    let heads = spec.selection.heads
    guard let slot = heads.map({ $0.firstIndex(of: head) }) ?? head else { return }
    let width = target.dimensions[2]
    let base = batch.base + target.offset + (slot * target.dimensions[1] + place) * width
    if let wanted = spec.selection.neurons {
      for (offset, key) in wanted.enumerated() where key < keys.count { base[offset] = keys[key] }
    } else {
      gather(keys, nil, into: base)
    }
  }

  /// The place of a position among those kept: at once where they are consecutive.
  private func index(of position: Int, in positions: [Int]) -> Int? {
    guard let first = positions.first, let last = positions.last, position >= first,
      position <= last
    else { return nil }
    if last - first + 1 == positions.count { return position - first }
    return positions.firstIndex(of: position)
  }

  private func gather(
    _ values: UnsafeMutableBufferPointer<Float>, _ wanted: [Int]?,
    into target: UnsafeMutablePointer<Float>
  ) {
    guard let wanted else {
      if let source = values.baseAddress { target.update(from: source, count: values.count) }
      return
    }
    for (offset, index) in wanted.enumerated() { target[offset] = values[index] }
  }
}
