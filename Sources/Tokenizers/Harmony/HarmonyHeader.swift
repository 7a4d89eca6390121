/// What stands between `<|start|>` and `<|message|>`.
struct HarmonyHeader: Sendable, Equatable {
  var role: String
  /// A tool's name, or a name given to another author.
  var name: String?
  /// Whom the message is for; nil is everyone.
  var recipient: String?
  var channel: String?
  /// How the content is written, such as `<|constrain|>json`.
  var contentType: String?

  init(
    role: String, name: String? = nil, recipient: String? = nil, channel: String? = nil,
    contentType: String? = nil
  ) {
    self.role = role
    self.name = name
    self.recipient = recipient
    self.channel = channel
    self.contentType = contentType
  }

  private static let roles = ["user", "assistant", "system", "developer", "tool"]

  /// Reads a header's text, control tokens spelt out; nil if a channel is announced and not named.
  ///
  /// The recipient stands before or behind the channel: models write both.
  ///
  /// - Parameter role: The author where the prompt has named it already.
  init?(parsing text: String, role given: String?) {
    var rest = text
    var channel: String?
    if let marker = rest.firstRange(of: "<|channel|>") {
      let tail = rest[marker.upperBound...]
      let name = tail.prefix { !$0.isWhitespace && $0 != "<" }
      guard !name.isEmpty else { return nil }
      channel = String(name)
      rest = rest[..<marker.lowerBound] + " " + tail.dropFirst(name.count)
    }
    // The content type is a word of its own even where no blank stands before it.
    if let marker = rest.firstRange(of: "<|constrain|>") {
      rest.insert(" ", at: marker.lowerBound)
    }
    var words = rest.split(whereSeparator: \.isWhitespace).map(String.init)
    var role = given
    var name: String?
    if role == nil {
      guard let first = words.first else { return nil }
      words.removeFirst()
      let parts = first.split(separator: ":", maxSplits: 1).map(String.init)
      if let known = parts.first, Self.roles.contains(known) {
        role = known
        name = parts.count > 1 ? parts[1] : nil
      } else {
        // A tool signs with its own name.
        role = "tool"
        name = first
      }
    } else if let first = words.first, first == role {
      words.removeFirst()
    }
    var recipient: String?
    if let place = words.firstIndex(where: { $0.hasPrefix("to=") }) {
      recipient = String(words.remove(at: place).dropFirst(3))
    }
    self.role = role ?? "assistant"
    self.name = name
    self.recipient = recipient
    self.channel = channel
    self.contentType = words.last
  }
}
