extension JSONWriter {
  /// The bytes of one object.
  package static func object(_ body: (inout JSONWriter) -> Void) -> [UInt8] {
    var writer = JSONWriter()
    writer.object(body)
    return writer.bytes
  }

  /// A member that is an object.
  package mutating func object(_ name: String, _ body: (inout JSONWriter) -> Void) {
    self.name(name)
    object(body)
  }

  /// A member that is an array.
  package mutating func array(_ name: String, _ body: (inout JSONWriter) -> Void) {
    self.name(name)
    array(body)
  }

  /// A member with a value.
  package mutating func member(_ name: String, _ value: some JSONWritable) {
    self.name(name)
    value.write(to: &self)
  }

  /// A member only where there is a value.
  package mutating func member(ifPresent name: String, _ value: (some JSONWritable)?) {
    if let value { member(name, value) }
  }

  /// A member whose value is JSON already.
  package mutating func member(_ name: String, raw json: some Sequence<UInt8>) {
    self.name(name)
    verbatim(json)
  }
}
