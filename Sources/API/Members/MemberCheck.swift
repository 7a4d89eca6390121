internal import HTTP
internal import HTTPTypes
internal import JSON

/// Holds the members of a request against those that its operation knows, so that none is ignored in silence.
///
/// On OpenAI's endpoints a member that nobody knows passes with a warning, since clients of many servers send theirs
/// to all. On our own one that looks like a misspelling is refused. A strict server refuses all.
struct MemberCheck {
  let tree: MemberTree
  /// OpenAI's members of the endpoint; none on our own endpoints.
  let foreign: Set<String>
  /// Whether the endpoint is one of ours.
  let isOwn: Bool
  let isStrict: Bool
  let remarks: RequestRemarks
  /// Members that nobody knows and that were met so far.
  private var unknown = 0

  /// Of so many unknown members a known one is looked for that may be meant; where one of ours gets more, it refuses them.
  static let mostUnknown = 256

  /// What an HTTP request's body may have.
  init(_ request: Request, isStrict: Bool) {
    tree = MemberTree.of("\(request.method.rawValue) \(request.pattern)")
    let table = OpenAIMembers.endpoints[request.pattern]
    foreign = Set(table?.map(\.name) ?? [])
    isOwn = table == nil || request.pattern.hasSuffix("/with_activations")
    self.isStrict = isStrict
    remarks = request.remarks
  }

  /// What a command of a socket may have.
  init(_ command: SocketCommand, isStrict: Bool, _ remarks: RequestRemarks) {
    tree = command.members
    foreign = []
    isOwn = true
    self.isStrict = isStrict
    self.remarks = remarks
  }

  mutating func check(_ body: JSONValue) throws(Refusal) {
    try check(body, place: "", shown: "")
  }

  private mutating func check(_ value: JSONValue, place: String, shown: String) throws(Refusal) {
    if let list = value.array {
      guard tree.places[place + "[]"] != nil else { return }
      for (index, element) in list.enumerated() {
        try check(element, place: place + "[]", shown: "\(shown)[\(index)]")
      }
      return
    }
    guard let members = value.members, let described = tree.places[place] else { return }
    let known = place.isEmpty ? described.union(foreign) : described
    for member in members where !member.value.isNull {
      let (name, inner) = (member.name, member.value)
      let path = shown.isEmpty ? name : shown + "." + name
      if described.contains(name) {
        try check(inner, place: place.isEmpty ? name : place + "." + name, shown: path)
      } else if !foreign.contains(path) {
        unknown += 1
        let isSearched = unknown <= Self.mostUnknown
        try meet(path, isSearched ? Misspelling.nearest(to: name, among: known) : nil, shown)
      }
    }
  }

  /// - Parameters:
  ///   - nearest: the known member that may be meant.
  ///   - place: where the object stands in the body.
  private func meet(
    _ path: String, _ nearest: String?, _ place: String
  ) throws(Refusal) {
    let brief = path.utf8.count > 120 ? String(path.prefix(80)) + "..." : path
    let full = nearest.map { place.isEmpty ? $0 : place + "." + $0 }
    guard !isStrict, !(isOwn && (nearest != nil || unknown > Self.mostUnknown)) else {
      throw .unknownMember(field: brief, nearest: full)
    }
    remarks.add("\(brief) is not known and not used" + (full.map { "; did you mean \($0)?" } ?? ""))
  }
}

extension Service {
  /// The members of a request's body, of which none that matters is unknown.
  ///
  /// A long body is read in turn.
  func fields(of request: Request, isOptional: Bool = false) async throws(Refusal) -> Fields {
    let isStrict = options.isStrict
    return try await turnIfLong(bytes: request.body.count) { () throws(Refusal) in
      let fields =
        isOptional ? try Fields(optionalBody: request.body) : try Fields(body: request.body)
      var check = MemberCheck(request, isStrict: isStrict)
      try check.check(fields.value)
      return fields
    }
  }

  /// Refuses what a command has that nobody knows; what matters little is told in the reply.
  ///
  /// A long message is gone through in turn.
  func check(
    _ fields: Fields, of command: SocketCommand, _ remarks: RequestRemarks
  ) async throws(Refusal) {
    let isStrict = options.isStrict
    try await turnIfLong(bytes: fields.byteCount) { () throws(Refusal) in
      var check = MemberCheck(command, isStrict: isStrict, remarks)
      try check.check(fields.value)
    }
  }
}
