import Frames

extension FuzzTarget {
  /// What is read as JSON is read again as the same from what is written of it.
  package static let json = FuzzTarget(name: "json") { bytes in
    guard let value = try? JSONValue(reading: bytes) else { return nil }
    var writer = JSONWriter()
    writer.value(value)
    guard let again = try? JSONValue(reading: writer.bytes) else {
      return "what was written cannot be read"
    }
    _ = Event(value)
    return again == value ? nil : "what was written reads as something else"
  }
}
