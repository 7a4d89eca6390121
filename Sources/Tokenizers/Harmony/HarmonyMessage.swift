/// One message of a Harmony conversation.
struct HarmonyMessage: Sendable, Equatable {
  enum Content: Sendable, Equatable {
    case text(String)
    case system(HarmonySystem)
    case developer(HarmonyDeveloper)
  }

  var header: HarmonyHeader
  var content: Content

  init(_ header: HarmonyHeader, _ content: Content) {
    self.header = header
    self.content = content
  }

  init(role: String, text: String, channel: String? = nil) {
    self.init(HarmonyHeader(role: role, channel: channel), .text(text))
  }

  /// A function call ends with another token than a message.
  var isCall: Bool {
    header.role == "assistant" && header.recipient != nil && header.recipient != "all"
  }

  var isFinal: Bool { header.role == "assistant" && header.channel == "final" }
}

/// What a Harmony system message says.
struct HarmonySystem: Sendable, Equatable {
  static let defaultIdentity = "You are ChatGPT, a large language model trained by OpenAI."

  var identity: String? = defaultIdentity
  var knowledgeCutoff: String? = "2024-06"
  /// `yyyy-mm-dd`.
  var date: String?
  /// `low`, `medium` or `high`.
  var effort: String? = "medium"
  /// Tools that are part of the model, such as a browser.
  var tools: [HarmonyToolNamespace] = []
  var channels: [String] = ["analysis", "commentary", "final"]

  /// The message's text.
  ///
  /// - Parameter callsFunctions: Whether the developer defines functions, which the message then points to.
  func text(callsFunctions: Bool) -> String {
    var sections: [String] = []
    var top: [String] = []
    if let identity { top.append(identity) }
    if let knowledgeCutoff { top.append("Knowledge cutoff: " + knowledgeCutoff) }
    if let date { top.append("Current date: " + date) }
    if !top.isEmpty { sections.append(top.joined(separator: "\n")) }
    if let effort { sections.append("Reasoning: " + effort) }
    if !tools.isEmpty {
      sections.append((["# Tools"] + tools.map(\.text)).joined(separator: "\n\n"))
    }
    if !channels.isEmpty {
      var line = "# Valid channels: " + channels.joined(separator: ", ")
      line += ". Channel must be included for every message."
      if callsFunctions {
        line += "\nCalls to these tools must go to the commentary channel: 'functions'."
      }
      sections.append(line)
    }
    return sections.joined(separator: "\n\n")
  }
}

/// What a Harmony developer message says: instructions, and the functions the model may call.
struct HarmonyDeveloper: Sendable, Equatable {
  var instructions: String?
  var tools: [HarmonyToolNamespace] = []

  var text: String {
    var sections: [String] = []
    if let instructions { sections.append("# Instructions\n\n" + instructions) }
    if !tools.isEmpty {
      sections.append((["# Tools"] + tools.map(\.text)).joined(separator: "\n\n"))
    }
    return sections.joined(separator: "\n\n")
  }
}
