import Engine
import TestKit
import Tokenizers

@testable import Hooks

extension `Runs that are watched` {
  // MARK: The search of the full capture

  /// What one position of a pass comes to, under a selection; nil for what is not looked at.
  struct Place {
    let step: Int
    let position: Int
    var numbers: [Float?]
    var indices: [[Int]]
    var row: WatchFiring.Row?
    var token: Token?
    var text: String?
  }

  static func reduced(
    _ row: [Float], _ reduction: Selection.Reduction
  ) -> [Float]? {
    switch reduction {
    case .norm:
      var sum = 0.0
      for number in row { sum += Double(number) * Double(number) }
      return [Float(sum.squareRoot())]
    case .meanAbs:
      var sum = 0.0
      for number in row { sum += Double(abs(number)) }
      return [Float(sum / Double(row.count))]
    case .project(let directions):
      return (0..<directions.count).map { direction in
        var sum = 0.0
        for column in row.indices {
          sum += Double(directions.values[direction * row.count + column]) * Double(row[column])
        }
        return Float(sum)
      }
    default: return nil
    }
  }

  /// All positions that a watch on rows looks at, pass by pass.
  static func places(_ base: Base, _ spec: CaptureSpec) -> [Place] {
    let selection = spec.selection
    var result: [Place] = []
    for (step, pass) in base.passes.enumerated() where step % selection.every == 0 {
      guard let tensor = pass[spec.point] else { continue }
      let hasHeads = tensor.dimensions.count == 3
      let heads = selection.heads ?? Array(0..<(hasHeads ? tensor.dimensions[0] : 1))
      for (place, position) in tensor.positions.enumerated()
      where selection.positions.contains(position, isLast: position == tensor.positions.last) {
        var found = Place(step: step, position: position, numbers: [], indices: [])
        var whole: [Float] = []
        for (slot, head) in heads.enumerated() {
          let row = tensor.row(head, place)
          let columns = selection.neurons ?? Array(row.indices)
          let kept = columns.map { row[$0] }
          whole += kept
          if let numbers = reduced(kept, selection.reduction) {
            found.numbers += numbers.map(Optional.some)
            let isOne = if case .project = selection.reduction { false } else { true }
            found.indices += numbers.indices.map { (hasHeads ? [slot] : []) + (isOne ? [] : [$0]) }
          } else {
            let isMasked = { (column: Int) in spec.point.site.isOverKeys && column > position }
            found.numbers += zip(columns, kept).map { isMasked($0) ? nil : $1 }
            found.indices += kept.indices.map { (hasHeads ? [slot] : []) + [$0] }
          }
        }
        found.row = WatchFiring.Row(
          shape: (hasHeads ? [heads.count] : []) + [whole.count / heads.count], values: whole)
        result.append(found)
      }
    }
    return result
  }

  func places(_ base: Base, _ watch: Watchpoint) -> [Place] {
    if case .rows(let spec) = watch.subject { return Self.places(base, spec) }
    return base.tokens.enumerated().map { step, score in
      Place(
        step: step, position: base.prompt.count + step, numbers: [-score.logprob], indices: [[]],
        token: score.token, text: model.tokenizer.piece(score.token))
    }
  }

  /// Every firing of a watch, by a search over all that was computed.
  func expected(_ base: Base, _ watch: Watchpoint, _ number: Int) -> [WatchFiring] {
    var result: [WatchFiring] = []
    var before: [Float?] = []
    for place in places(base, watch) {
      let first = place.numbers.indices.first { index in
        guard let value = place.numbers[index] else { return false }
        switch watch.condition {
        case .above(let bound): return Double(value) > bound
        case .below(let bound): return Double(value) < bound
        case .notFinite: return value.isNaN || value.isInfinite
        case .contains(let text): return place.text?.contains(text) == true
        case .changesBy(let least):
          guard before.indices.contains(index), let old = before[index] else { return false }
          return abs(Double(value) - Double(old)) >= least
        }
      }
      defer { before = place.numbers }
      guard let first else { continue }
      if result.last?.step == place.step {
        result[result.count - 1].count += 1
        continue
      }
      var firing = WatchFiring(watch: number, step: place.step, position: place.position)
      firing.index = place.indices[first]
      if watch.subject != .text { firing.value = place.numbers[first] }
      if case .changesBy = watch.condition { firing.before = before[first] }
      if watch.action == .snapshot { firing.row = place.row }
      firing.token = place.token
      firing.text = place.text
      result.append(firing)
    }
    return result
  }

  // MARK: Cases made by chance

  func selection(
    _ base: Base, _ point: HookPoint, _ random: inout SeededGenerator
  ) -> Selection {
    let first = base.passes[0][point]?.dimensions ?? [1, 1]
    let width = first[first.count - 1]
    var selection = Selection(every: Int.random(in: 1...3, using: &random))
    switch Int.random(in: 0..<6, using: &random) {
    case 0: selection.positions = .last
    case 1:
      let most = base.prompt.count + Self.count
      selection.positions = .list(
        (0..<most).filter { _ in Bool.random(using: &random) } + [most])
    case 2: selection.positions = .range(2..<base.prompt.count + 3)
    case 3: selection.positions = .everyNth(Int.random(in: 1...4, using: &random))
    default: break
    }
    if first.count == 3, Bool.random(using: &random) {
      selection.heads = Array(Array(0..<first[0]).shuffled(using: &random).prefix(2))
    }
    var kept = width
    if Int.random(in: 0..<3, using: &random) == 0 {
      let columns = Array(0..<width).shuffled(using: &random).prefix(3)
      selection.neurons = Array(columns)
      kept = columns.count
    }
    let isOpen = point.site.isOverKeys && selection.neurons == nil
    switch Int.random(in: 0..<5, using: &random) {
    case 0: selection.reduction = .norm
    case 1: selection.reduction = .meanAbs
    case 2 where !isOpen, 3 where !isOpen:
      let values = (0..<kept * Int.random(in: 1...3, using: &random)).map { _ in random.normal() }
      selection.reduction = .project(Directions(values, width: kept))
    default: break
    }
    return selection
  }

  func watch(_ base: Base, _ random: inout SeededGenerator) -> Watchpoint {
    let action = Watchpoint.Action.allCases.randomElement(using: &random) ?? .pause
    switch Int.random(in: 0..<10, using: &random) {
    case 0:
      let token = base.tokens.randomElement(using: &random)?.token ?? 0
      let text = model.tokenizer.piece(token)
      return Watchpoint(
        .text, .contains(String(text.suffix(2))), action == .snapshot ? .mark : action)
    case 1:
      let watch = Watchpoint(.surprise, .above(0), action == .snapshot ? .mark : action)
      return Watchpoint(.surprise, condition(places(base, watch), false, &random), watch.action)
    default:
      let point = Self.points.randomElement(using: &random) ?? Self.points[0]
      let spec = Self.spec(point, selection(base, point, &random))
      let isOpen =
        point.site.isOverKeys && spec.selection.neurons == nil && spec.selection.reduction == .none
      return Watchpoint(
        .rows(spec), condition(Self.places(base, spec), isOpen, &random), action)
    }
  }

  /// A bound near numbers that there are, often exactly one of them.
  func condition(
    _ places: [Place], _ isOpen: Bool, _ random: inout SeededGenerator
  ) -> Watchpoint.Condition {
    let kind = Int.random(in: 0..<(isOpen ? 2 : 3), using: &random)
    if kind == 2 {
      var changes: [Double] = []
      for (one, next) in zip(places, places.dropFirst()) {
        for case (let a?, let b?) in zip(one.numbers, next.numbers) {
          changes.append(abs(Double(a) - Double(b)))
        }
      }
      return .changesBy(max(bound(changes, &random), .leastNonzeroMagnitude))
    }
    var numbers: [Double] = []
    for place in places {
      for case let number? in place.numbers { numbers.append(Double(number)) }
    }
    return kind == 0
      ? .above(bound(numbers, &random)) : .below(-bound(numbers.map { -$0 }, &random))
  }

  /// One of the numbers, mostly of the greatest, or a little beside it.
  func bound(_ numbers: [Double], _ random: inout SeededGenerator) -> Double {
    let sorted = numbers.filter(\.isFinite).sorted(by: >)
    guard !sorted.isEmpty else { return 1 }
    let share = Double.random(in: 0..<1, using: &random)
    let place = Int(Double(sorted.count) * share * share * share)
    let offsets: [Double] = [0, 0, 1e-6, -1e-6]
    let beside = offsets.randomElement(using: &random) ?? 0
    return sorted[min(place, sorted.count - 1)] * (1 + beside)
  }
}
