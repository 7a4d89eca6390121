import Frames
import JSON

extension FuzzTarget {
  /// What is read as JSON is read again as the same from what is written of it, as either tree.
  package static let json = FuzzTarget(name: "json") { bytes in
    guard let value = try? Frames.JSONValue(reading: bytes) else {
      return (try? JSON.JSONValue(parsing: bytes)) == nil ? nil : "only one tree can be read"
    }
    guard let tree = try? JSON.JSONValue(parsing: bytes) else { return "only one tree can be read" }
    guard (try? JSON.JSONValue(parsing: Array(tree.json().utf8))) == tree else {
      return "the tree that was written reads as something else"
    }
    var writer = JSONWriter()
    writer.value(value)
    guard let again = try? Frames.JSONValue(reading: writer.bytes) else {
      return "what was written cannot be read"
    }
    _ = Event(value)
    return again == value ? nil : "what was written reads as something else"
  }
}
