internal import JSON

/// A `config.json` read through its family's keys: defaults where names are absent, and an account of all the others.
extension ConfigurationKeys {
  /// The fields of a JSON object; a name that is not read is absent, whatever the file says.
  func fields(of json: JSONValue, file: String) -> ConfigurationFields {
    var fields = ConfigurationFields(
      file: file,
      look: { (name: String) throws(CheckpointError) in try look(name, in: json, file: file) },
      isLenient: false)
    fields.spelling = { name in
      aliases.first { $0.value == name && json[present: $0.key] != nil }?.key ?? name
    }
    return fields
  }

  /// Whether the file itself has a value of that name.
  func states(_ name: String, in json: JSONValue) -> Bool {
    aliases.contains { $0.value == name && json[present: $0.key] != nil }
      || json[present: name] != nil
  }

  private func look(_ name: String, in json: JSONValue, file: String) throws(CheckpointError)
    -> Value?
  {
    guard let standard = used[name] else { return nil }
    for (alias, target) in aliases where target == name {
      guard let value = json[present: alias].flatMap(Value.init) else { continue }
      if let other = json[name], Value(other) != value {
        throw CheckpointError(
          .mismatch, file: file, .field(name), expected: "\(value.text), as \(alias) has it",
          found: Value(other)?.text ?? "null")
      }
      return value
    }
    guard let member = json[name] else { return standard.value }
    if let value = Value(member) { return value }
    let usual: String
    switch standard {
    case .value(let value), .needed(let value): usual = "a value, such as \(value.text)"
    case .derived: usual = "a value, or the field left out"
    case .orNull, .none: return nil
    }
    throw CheckpointError(
      .mismatch, file: file, .field(name), expected: usual, found: "null")
  }

  /// Refuses what has no value it may have, and lists what is not understood.
  ///
  /// - Parameter prefix: what stands before the names in the list.
  func account(for json: JSONValue, file: String, prefix: String = "") throws(CheckpointError)
    -> [String]
  {
    var unknown: [String] = []
    for entry in json.members ?? [] {
      let (name, member) = (entry.name, entry.value)
      if let values = fixed[name] {
        try check(name, Value(member), values, file)
      } else if !knows(name) {
        unknown.append(prefix + name)
      }
    }
    return unknown
  }

  func check(_ name: String, _ value: Value?, _ allowed: [Value], _ file: String)
    throws(CheckpointError)
  {
    guard let value, !allowed.contains(value) else { return }
    let values = allowed.map(\.text).joined(separator: " or ")
    throw CheckpointError(
      .unsupported, file: file, .field(name),
      expected: "\(values.isEmpty ? "no value" : values), for this program computes nothing else",
      found: value.text)
  }
}
