/// The tree of a pattern.
indirect enum RegexNode: Equatable {
  case set(ScalarSet)
  case sequence([RegexNode])
  case choice([RegexNode])
  case repeated(RegexNode, least: Int, most: Int, Greed)
  case look(RegexNode, ahead: Bool, negated: Bool)
  case atomic(RegexNode)
  case textStart
  case textEnd

  enum Greed: Equatable {
    case greedy, lazy, possessive
  }

  /// `most` of a repetition without an upper bound.
  static let unbounded = Int.max

  /// How many scalars a match takes if all matches take the same.
  var width: Int? {
    switch self {
    case .set: 1
    case .sequence(let parts):
      parts.reduce(0) { sum, part in sum.flatMap { sum in part.width.map { sum + $0 } } }
    case .choice(let parts):
      parts.dropFirst().allSatisfy { $0.width == parts.first?.width } ? parts.first?.width : nil
    case .repeated(let part, let least, let most, _):
      least == most ? part.width.map { $0 * least } : nil
    case .look, .textStart, .textEnd: 0
    case .atomic(let part): part.width
    }
  }

  /// Whether a match may take nothing.
  var mayBeEmpty: Bool {
    switch self {
    case .set: false
    case .sequence(let parts): parts.allSatisfy(\.mayBeEmpty)
    case .choice(let parts): parts.contains(where: \.mayBeEmpty)
    case .repeated(let part, let least, _, _): least == 0 || part.mayBeEmpty
    case .look, .textStart, .textEnd: true
    case .atomic(let part): part.mayBeEmpty
    }
  }
}
