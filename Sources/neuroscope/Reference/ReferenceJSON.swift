internal import JSON

/// JSON for people: in one line where it fits, otherwise one member or element per line.
enum ReferenceJSON {
  /// - Parameters:
  ///   - width: columns that a line may take.
  ///   - used: columns of the first line that are taken already.
  static func text(_ value: JSONValue, width: Int, used: Int = 0, indent: Int = 0) -> String {
    let plain = value.json(.line)
    guard used + plain.count > width else { return plain }
    let margin = String(repeating: " ", count: indent + 2)
    let close = "\n" + String(repeating: " ", count: indent)
    if let members = value.members, !members.isEmpty {
      let lines = members.map { member in
        let name = margin + JSONValue.string(member.name).json(.line) + ": "
        return name + text(member.value, width: width, used: name.count + 1, indent: indent + 2)
      }
      return "{\n" + lines.joined(separator: ",\n") + close + "}"
    }
    if let elements = value.array, !elements.isEmpty {
      let lines = elements.map {
        margin + text($0, width: width, used: margin.count + 1, indent: indent + 2)
      }
      return "[\n" + lines.joined(separator: ",\n") + close + "]"
    }
    return plain
  }
}
