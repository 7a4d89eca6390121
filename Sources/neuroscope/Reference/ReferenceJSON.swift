internal import Frames

/// JSON for people: in one line where it fits, otherwise one member or element per line.
enum ReferenceJSON {
  /// - Parameters:
  ///   - width: columns that a line may take.
  ///   - used: columns of the first line that are taken already.
  static func text(_ value: JSONValue, width: Int, used: Int = 0, indent: Int = 0) -> String {
    let plain = line(value)
    guard used + plain.count > width else { return plain }
    let margin = String(repeating: " ", count: indent + 2)
    let close = "\n" + String(repeating: " ", count: indent)
    switch value {
    case .object(let members) where !members.isEmpty:
      let lines = members.map { member in
        let name = margin + line(.string(member.name)) + ": "
        return name + text(member.value, width: width, used: name.count + 1, indent: indent + 2)
      }
      return "{\n" + lines.joined(separator: ",\n") + close + "}"
    case .array(let elements) where !elements.isEmpty:
      let lines = elements.map {
        margin + text($0, width: width, used: margin.count + 1, indent: indent + 2)
      }
      return "[\n" + lines.joined(separator: ",\n") + close + "]"
    default: return plain
    }
  }

  private static func line(_ value: JSONValue) -> String {
    switch value {
    case .object(let members):
      return "{"
        + members.map { line(.string($0.name)) + ": " + line($0.value) }.joined(separator: ", ")
        + "}"
    case .array(let elements): return "[" + elements.map(line).joined(separator: ", ") + "]"
    default:
      var writer = JSONWriter()
      writer.value(value)
      return String(decoding: writer.bytes, as: UTF8.self)
    }
  }
}
