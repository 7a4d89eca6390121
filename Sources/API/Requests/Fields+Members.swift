internal import JSON

extension Fields {
  /// All members as they were sent, their values as JSON text.
  var members: [(name: String, json: [UInt8])] {
    (value.members ?? []).map { (name: $0.name, json: Array($0.value.json(.compact).utf8)) }
  }
}

extension Fields {
  /// One member as JSON text, whatever it is; nil where it is absent.
  func json(_ member: String) -> [UInt8]? {
    value[member].map { Array($0.json(.compact).utf8) }
  }
}

extension Fields {
  /// The object as JSON text.
  var bytes: [UInt8] { Array(value.json(.compact).utf8) }
}
