package import JSON
package import OrderedCollections

/// A chat template in the Jinja language, read once.
///
/// A subset: what published chat templates use, with the settings under which they are published. What is not
/// known is refused when the template is read, by line and name, so that a model never gets another prompt
/// than its makers meant.
package struct JinjaTemplate: Sendable {
  /// Longer templates are refused.
  static let sizeLimit = 1 << 20

  /// The template as it was given.
  package let source: String
  let statements: [JinjaStatement]

  package init(_ text: String) throws(TemplateError) {
    guard text.utf8.count <= Self.sizeLimit else {
      throw .unreadable(
        line: 1, expected: "at most \(Self.sizeLimit) bytes", found: "\(text.utf8.count)")
    }
    source = text
    var parser = JinjaParser(try JinjaLexer.tokens(of: text))
    statements = try parser.template()
  }

  /// Renders with these variables.
  ///
  /// - Parameter time: Seconds since 1970 (UTC) for `strftime_now`.
  /// - Throws: `TemplateError.raised` if the template refuses, `.failed` if it cannot go on.
  package func render(
    _ variables: OrderedDictionary<String, JSONValue>, time: Int64? = nil,
    limits: JinjaLimits = JinjaLimits()
  ) throws(TemplateError) -> String {
    var interpreter = JinjaInterpreter(variables, time: time, limits: limits)
    return try interpreter.run(statements)
  }
}
