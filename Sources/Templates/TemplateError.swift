/// Why a template cannot be read, or gives no text.
package enum TemplateError: Error, Equatable, Sendable {
  /// The template uses something that is not known here.
  case unreadable(line: Int, expected: String, found: String)
  /// The template itself refuses what it was given, in its own words.
  case raised(String)
  /// The template did something impossible with these values.
  case failed(line: Int, reason: String)
}
