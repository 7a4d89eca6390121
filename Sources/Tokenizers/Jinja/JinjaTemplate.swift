/// A chat template in the Jinja language, read once.
struct JinjaTemplate: Sendable {
  init(_ text: String) throws(ChatFormatError) {
    throw .unreadable(line: 1, expected: "a template that can be read", found: text)
  }
}
