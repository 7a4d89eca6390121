internal import Tokenizers

/// What was said, what is measured and what is ablated, and how each of it was before.
struct Conversation {
  /// All that one step changes.
  struct State: Equatable {
    var messages: [ChatMessage] = []
    var hooks = ""
    var ablations: [Ablation] = []
  }

  private(set) var state: State
  private var earlier: [(what: String, state: State)] = []

  /// - Parameter system: a message before all others.
  init(system: String?, hooks: String) {
    state = State(
      messages: system.map { [ChatMessage(role: "system", content: $0)] } ?? [], hooks: hooks)
  }

  /// Changes the state in one step that can be taken back.
  mutating func step(_ what: String, _ change: (inout State) -> Void) {
    earlier.append((what, state))
    change(&state)
  }

  /// Takes the last step back.
  ///
  /// - Returns: what it was; nil where there is none.
  mutating func undo() -> String? {
    guard let last = earlier.popLast() else { return nil }
    state = last.state
    return last.what
  }

  /// The messages up to the last one of the user's; nil where nothing was said yet.
  var question: [ChatMessage]? {
    state.messages.lastIndex { $0.role == "user" }.map { Array(state.messages[...$0]) }
  }

  /// Begins anew; hooks and ablations stay.
  mutating func clear() {
    step("the beginning of a new conversation") {
      $0.messages.removeAll { $0.role != "system" }
    }
  }
}
