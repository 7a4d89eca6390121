/// The members that an operation's description names, by the place of their object in the body.
///
/// Objects that the description leaves open (a function's parameters, say) are not in it.
struct MemberTree: Sendable {
  /// `""` is the body, `activation_hooks[]` each element of that array.
  private(set) var places: [String: Set<String>] = [:]
  /// The names in the path and the query.
  private(set) var parameters: Set<String> = []

  /// The tree of an operation; one that describes no body knows no member.
  static func of(_ operation: String) -> MemberTree {
    (all[operation] ?? MemberTree()).knowing([])
  }

  /// The same with further members of the body.
  func knowing(_ names: Set<String>) -> MemberTree {
    var tree = self
    tree.places["", default: []].formUnion(names)
    return tree
  }

  /// The trees of all operations, such as `POST /v1/runs`.
  static let all: [String: MemberTree] = {
    var trees: [String: MemberTree] = [:]
    var operation = ""
    for line in DescribedMembers.text.split(separator: "\n") {
      guard line.hasPrefix(" ") else {
        operation = String(line)
        trees[operation] = MemberTree()
        continue
      }
      let words = line.split(separator: " ").map(String.init)
      guard let place = words.first else { continue }
      if place == "?" {
        trees[operation]?.parameters.formUnion(words.dropFirst())
        continue
      }
      trees[operation]?.places[place == "." ? "" : place, default: []].formUnion(words.dropFirst())
    }
    // Read too, though nobody needs it.
    trees["POST /v1/models/unload"]?.places["", default: []].insert("model")
    let change = "POST /v1/runs/{id}/interventions"
    for (place, names) in trees[change]?.places ?? [:] {
      trees[change]?.places[place.isEmpty ? "intervention" : "intervention." + place] = names
    }
    trees[change]?.places["", default: []].insert("intervention")
    return trees
  }()
}
