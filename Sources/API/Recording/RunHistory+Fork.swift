internal import Runs

extension RunHistory {
  /// The body of the fork and the history of its parent; nil for a run that is no fork.
  func fork() throws(Refusal) -> (body: Fields, parent: RunHistory, parentStep: Int?)? {
    let fields = try Fields(body: request)
    guard let body = try fields.object("fork"), let outer = try fields.object("parent"),
      let request = outer.json("request")
    else { return nil }
    var parent = RunHistory(request: request)
    for change in try outer.objects("changes") ?? [] { parent.append(change.bytes) }
    return (
      try Fields(body.value), parent, try outer.integer("first_step", in: 0...Int(Int32.max))
    )
  }
}
