import Frames
import JSON

extension FuzzTarget {
  /// What is read as JSON is read again as the same from what is written of it, in each style.
  package static let json = FuzzTarget(name: "json") { bytes in
    guard let value = try? JSONValue(parsing: bytes) else { return nil }
    _ = Event(value)
    for style in [JSONStyle.compact, .line, .python] {
      guard let again = try? JSONValue(parsing: Array(value.json(style).utf8)) else {
        return "what was written cannot be read"
      }
      guard again == value else { return "what was written reads as something else" }
    }
    var writer = JSONWriter()
    writer.value(value)
    return Array(value.json(.compact).utf8) == writer.bytes
      ? nil : "the compact style has two spellings"
  }
}
