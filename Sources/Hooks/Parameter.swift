/// A member that requests may set of a kind of change or of an analysis: its name, what it may be, what it means.
///
/// Readers, refusals and listings follow from it.
package struct Parameter: Sendable {
  /// What its value may be.
  package enum Kind: Sendable, CustomStringConvertible {
    case number(ClosedRange<Double>)
    case integer(ClosedRange<Int>)
    /// Any 64 bits.
    case seed
    case flag
    /// One of some names.
    case choice([String])
    /// Numbers, as many as the point has.
    case vector
    /// Experts of a router.
    case experts
    /// Rows of another run, or sent with the request.
    case rows
    /// Distinct layers; all where they are not given.
    case layers
    case positions
    /// A token by its id, or by a text that is one token.
    case token

    /// In words, for listings.
    package var description: String {
      switch self {
      case .number(let range):
        "number from \(Self.short(range.lowerBound)) to \(Self.short(range.upperBound))"
      case .integer(let range): "integer from \(range.lowerBound) to \(range.upperBound)"
      case .seed: "integer"
      case .flag: "boolean"
      case .choice(let names): "one of " + names.joined(separator: ", ")
      case .vector: "array of numbers"
      case .experts, .layers: "array of integers"
      case .rows: "object: run_id and hook_id, or rows"
      case .positions: "selection of positions"
      case .token: "token id, or text of one token"
      }
    }

    private static func short(_ bound: Double) -> String {
      Int(exactly: bound).map { abs($0) < 1_000_000_000 ? String($0) : String(bound) }
        ?? String(bound)
    }
  }

  package let name: String
  package let kind: Kind
  /// What holds where it is not given, in words; nil where it must be given.
  package let preset: String?
  package let meaning: String

  package init(_ name: String, _ kind: Kind, _ preset: String?, _ meaning: String) {
    self.name = name
    self.kind = kind
    self.preset = preset
    self.meaning = meaning
  }
}

/// The values of parameters that a request gives, by name: read and checked as their kinds say.
package struct ParameterValues: Sendable, Equatable {
  /// One value.
  package enum Value: Sendable, Equatable {
    case number(Float)
    case integer(Int)
    case flag(Bool)
    case choice(String)
    case vector([Float])
    case indices([Int])
    case rows(PatchedRows)
    case positions(Selection.Positions)
    case token(Int32)
  }

  private var values: [String: Value] = [:]

  package init() {}

  package subscript(name: String) -> Value? {
    get { values[name] }
    set { values[name] = newValue }
  }

  package func number(_ name: String) -> Float? {
    if case .number(let value)? = values[name] { value } else { nil }
  }
  package func integer(_ name: String) -> Int? {
    if case .integer(let value)? = values[name] { value } else { nil }
  }
  package func flag(_ name: String) -> Bool? {
    if case .flag(let value)? = values[name] { value } else { nil }
  }
  package func choice(_ name: String) -> String? {
    if case .choice(let value)? = values[name] { value } else { nil }
  }
  package func vector(_ name: String) -> [Float]? {
    if case .vector(let value)? = values[name] { value } else { nil }
  }
  package func indices(_ name: String) -> [Int]? {
    if case .indices(let value)? = values[name] { value } else { nil }
  }
  package func rows(_ name: String) -> PatchedRows? {
    if case .rows(let value)? = values[name] { value } else { nil }
  }
  package func positions(_ name: String) -> Selection.Positions? {
    if case .positions(let value)? = values[name] { value } else { nil }
  }
  package func token(_ name: String) -> Int32? {
    if case .token(let value)? = values[name] { value } else { nil }
  }
}

/// Rows that a patch puts in: `width` numbers of each position from the first on.
package struct PatchedRows: Sendable, Equatable {
  package let values: [Float]
  package let width: Int
  package let firstPosition: Int

  package init(values: [Float], width: Int, firstPosition: Int) {
    self.values = values
    self.width = width
    self.firstPosition = firstPosition
  }
}
