/// A kind of change: what an intervention does to the selected numbers of a row.
///
/// One file in `Changes/` and one line in `Changes.swift`; requests, listings and refusals follow.
package protocol Change: Sendable, Equatable {
  static var name: String { get }
  /// Names of older clients.
  static var aliases: [String] { get }
  /// What it does, in a sentence.
  static var summary: String { get }
  static var parameters: [Parameter] { get }
  /// Takes what a request gives; parameters that must be given are.
  init(_ values: ParameterValues)
  /// What it was given, for those who ask what a run does; vectors are told by their length.
  var given: [(name: String, value: ParameterValues.Value)] { get }
  /// Checks lengths and indices against the model, so that applying it can't go out of range.
  func check(_ place: ChangedPlace) throws(InterventionProblem)
  /// Changes the selected numbers of one row.
  func apply(to row: ChangedRow)
}

extension Change {
  package static var aliases: [String] { [] }
  package static var parameters: [Parameter] { [] }
  package var given: [(name: String, value: ParameterValues.Value)] { [] }
  package func check(_ place: ChangedPlace) throws(InterventionProblem) {}

  func isEqual(to other: any Change) -> Bool { (other as? Self) == self }
}

/// A kind of change to which experts a position is routed to; it changes no number.
package protocol RoutingChange: Change {
  func adjust(_ choice: inout RoutingChoice)
}

extension RoutingChange {
  package func apply(to row: ChangedRow) {}

  /// Experts must be of the router, and each named once.
  func checkRouter(_ experts: [Int], _ place: ChangedPlace) throws(InterventionProblem) {
    guard place.point.site == .routerLogits else {
      throw .changeNotPossible(
        kind: Self.name, site: place.point.site.name,
        reason: "experts are chosen at the router only")
    }
    for expert in experts where expert < 0 || expert >= place.catalogue.experts {
      throw .expertOutOfRange(expert, experts: place.catalogue.experts)
    }
  }
}

/// What changes leave a router to choose from.
package struct RoutingChoice: Sendable {
  /// Exactly these experts, whatever their logits.
  package var forced: [Int]?
  /// None of these.
  package var banned: [Int] = []

  package init() {}
}

/// Where a change is to be made.
package struct ChangedPlace: Sendable {
  package let point: HookPoint
  package let catalogue: HookCatalogue
  /// Whether only some heads or elements are to be changed.
  package let isPart: Bool

  /// Numbers of a whole row.
  package var width: Int { catalogue.width(of: point.site) }

  /// Refuses a kind that needs rows of one length, at points whose rows grow with the keys.
  func requireFixedRows(_ kind: String) throws(InterventionProblem) {
    guard !point.site.isOverKeys else {
      throw .changeNotPossible(
        kind: kind, site: point.site.name, reason: "its rows have no fixed length")
    }
  }

  /// Refuses a vector that is not as wide as the point.
  func requireWidth(of vector: [Float], _ kind: String) throws(InterventionProblem) {
    try requireFixedRows(kind)
    guard vector.count == width else {
      throw .vectorLength(found: vector.count, expected: width)
    }
  }
}

/// One row of a run, and which of its numbers a change is to change.
package struct ChangedRow {
  /// The whole row, heads one behind the other; the keys that a query sees, of scores and patterns.
  package let values: UnsafeMutableBufferPointer<Float>
  package let point: HookPoint
  /// What tells the row from others of the point.
  package let place: Int
  /// The row's position; of scores the query's.
  package let position: Int
  /// Where the selected heads begin, and how long a head is; a row without heads is one.
  let heads: [Int]?
  let headSize: Int
  /// Elements selected of each head; nil selects all.
  let neurons: [Int]?
  /// Whether numbers that are minus infinity (keys that were never scored) stay so.
  let keepsUnscored: Bool

  /// Replaces each selected number; `body` gets its column in the row and the number.
  @inline(__always)
  func update(_ body: (_ column: Int, _ value: Float) -> Float) {
    if let heads {
      for head in heads { update(from: head * headSize, body) }
    } else {
      for offset in stride(from: 0, to: values.count, by: max(headSize, 1)) {
        update(from: offset, body)
      }
    }
  }

  @inline(__always)
  private func update(from offset: Int, _ body: (Int, Float) -> Float) {
    if let neurons {
      for neuron in neurons where offset + neuron < values.count {
        update(at: offset + neuron, body)
      }
    } else {
      for column in offset..<min(offset + headSize, values.count) { update(at: column, body) }
    }
  }

  @inline(__always)
  private func update(at column: Int, _ body: (Int, Float) -> Float) {
    if keepsUnscored, values[column] == -.infinity { return }
    values[column] = body(column, values[column])
  }
}
