internal import JSON

/// Takes a schema apart into cases: in each, all of some plain schemas must be met, without references and choices.
struct SchemaCases {
  let document: SchemaDocument
  /// Cases of one schema at most.
  private static let limit = 512
  /// Schemas that refer to each other without a value between, one behind the other.
  private static let depthLimit = 96
  /// Schemas being taken apart.
  private var open: Set<String> = []
  /// Steps that may still be made, of all schemas of a request.
  private var left = 1 << 19

  private let work: AutomatonWork

  init(_ document: SchemaDocument, _ work: AutomatonWork) {
    self.document = document
    self.work = work
  }

  /// The cases of schemas that must all be met.
  mutating func cases(of places: [SchemaPlace]) throws(ConstraintError) -> [[SchemaPlace]] {
    var cases: [[SchemaPlace]] = [[]]
    for place in places { cases = try both(cases, try expand(place), at: place) }
    return cases
  }

  private mutating func spend(_ count: Int, at place: SchemaPlace?) throws(ConstraintError) {
    left -= count
    guard left > 0 else {
      throw ConstraintError(
        path: place?.path ?? "", found: "too many schemas",
        reason: "the whole is too large to follow")
    }
  }

  private mutating func expand(_ place: SchemaPlace) throws(ConstraintError) -> [[SchemaPlace]] {
    try spend(1, at: place)
    if let truth = place.value.bool { return truth ? [[]] : [] }
    try SchemaKeywords.check(place)
    let key = place.key
    guard open.count < Self.depthLimit else {
      throw ConstraintError(
        path: place.path, found: "\(open.count) schemas that refer to each other",
        reason: "at most \(Self.depthLimit) are followed")
    }
    guard open.insert(key).inserted else {
      throw ConstraintError(
        path: place.path, found: "a schema that refers to itself",
        reason: "no value stands between, so it could be followed without end")
    }
    defer { open.remove(key) }
    var cases = [[place]]
    if let reference = try place.string("$ref") {
      let target = try document.target(of: reference, at: place)
      cases = try both(cases, try expand(target), at: place)
    }
    for inner in try place.schemas("allOf") ?? [] {
      cases = try both(cases, try expand(inner), at: place)
    }
    if let options = try place.schemas("anyOf") {
      cases = try both(cases, try any(options), at: place)
    }
    if let options = try place.schemas("oneOf") {
      var taken: [[[SchemaPlace]]] = []
      for option in options {
        let own = try expand(option)
        for (index, other) in taken.enumerated() {
          guard try areApart(own, other, beside: cases) else {
            throw place.refusal(
              "oneOf",
              "a value could fit [\(index)] and [\(taken.count)] at once, as far as can be seen; send anyOf"
            )
          }
        }
        taken.append(own)
      }
      cases = try both(cases, Array(taken.joined()), at: place)
    }
    return cases
  }

  private mutating func any(_ options: [SchemaPlace]) throws(ConstraintError) -> [[SchemaPlace]] {
    var all: [[SchemaPlace]] = []
    for option in options { all += try expand(option) }
    return all
  }

  private mutating func both(
    _ left: [[SchemaPlace]], _ right: [[SchemaPlace]], at place: SchemaPlace
  ) throws(ConstraintError) -> [[SchemaPlace]] {
    guard left.count * right.count <= Self.limit else {
      throw ConstraintError(
        path: place.path, found: "\(left.count * right.count) cases",
        reason: "at most \(Self.limit) are followed; make fewer choices within each other")
    }
    try spend(
      right.count * left.reduce(0) { $0 + $1.count } + left.count
        * right.reduce(0) { $0 + $1.count },
      at: place)
    return left.flatMap { first in
      right.map { second in
        let known = Set(first.map(\.key))
        return first + second.filter { !known.contains($0.key) }
      }
    }
  }

  // MARK: Disjoint cases

  /// Whether no value can fit a case of both.
  private mutating func areApart(
    _ left: [[SchemaPlace]], _ right: [[SchemaPlace]], beside common: [[SchemaPlace]]
  ) throws(ConstraintError) -> Bool {
    guard left.count * right.count * common.count <= Self.limit else { return false }
    for shared in common {
      for first in left {
        for second in right {
          guard try areApart(shared + first, shared + second, depth: 0) else { return false }
        }
      }
    }
    return true
  }

  private mutating func areApart(
    _ left: [SchemaPlace], _ right: [SchemaPlace], depth: Int
  ) throws(ConstraintError) -> Bool {
    try spend(left.count + right.count, at: left.first)
    let (first, second) = (try SchemaFacts(left), try SchemaFacts(right))
    if let own = first.values, let other = second.values,
      Set(own.map(\.normal)).isDisjoint(with: other.map(\.normal))
    {
      return true
    }
    if first.kinds.isDisjoint(with: second.kinds) { return true }
    guard first.kinds.intersection(second.kinds) == .object, depth < 3 else { return false }
    // A member that both must have, and that can't be the same; or that one must have and the other can't.
    for name in first.required.union(second.required) {
      let own = ObjectRules(left, work).places(of: name)
      let other = ObjectRules(right, work).places(of: name)
      let isForbidden = [(first, other), (second, own)].contains { facts, places in
        facts.required.contains(name) && places.contains { $0.value == false }
      }
      if isForbidden { return true }
      guard first.required.contains(name), second.required.contains(name) else { continue }
      var apart = true
      let (ownCases, otherCases) = (try cases(of: own), try cases(of: other))
      guard ownCases.count * otherCases.count <= Self.limit else { continue }
      for one in ownCases {
        for another in otherCases where apart {
          apart = try areApart(one, another, depth: depth + 1)
        }
      }
      if apart { return true }
    }
    return false
  }
}

extension JSONValue {
  /// Equal for numbers that are equal, and for objects with equal members in any order.
  var normal: JSONValue {
    switch self {
    case .number, .float: integer.map { .integer($0) } ?? self
    case .array(let list): .array(list.map(\.normal))
    case .object:
      JSONValue(
        members: (members ?? []).sorted { $0.name < $1.name }.map {
          .init($0.name, $0.value.normal)
        })
    default: self
    }
  }
}
