public import JSON

extension Event {
  /// The envelope and fields as one line of JSON without a line break.
  public func json() -> [UInt8] {
    var writer = JSONWriter(capacity: 256)
    write(to: &writer)
    return writer.bytes
  }

  /// Writes the event as an object.
  ///
  /// - Parameter tensor: adds the members that carry an activation's numbers in the way this viewer wants.
  public func write(to writer: inout JSONWriter, tensor: (inout JSONWriter) -> Void = { _ in }) {
    writer.object { writer in
      writer.name("type")
      writer.string(type.rawValue)
      writer.name("run_id")
      writer.string(runID)
      writer.name("seq")
      writer.integer(sequence)
      writer.name("step")
      writer.integer(step)
      writer.name("time_ms")
      // Microseconds are enough, and keep the number short.
      writer.number((milliseconds * 1000).rounded() / 1000)
      for field in fields { writer.member(field.name, field.value) }
      tensor(&writer)
    }
  }

  /// Reads an event back; members that are not of the envelope become fields.
  ///
  /// - Returns: nil when a member of the envelope is missing or of another type.
  public init?(_ value: JSONValue) {
    guard let members = value.members, let type = value["type"]?.string,
      let runID = value["run_id"]?.string, let sequence = value["seq"]?.integer, sequence >= 0,
      let step = value["step"]?.integer, let milliseconds = value["time_ms"]?.double
    else { return nil }
    let envelope: Set = ["type", "run_id", "seq", "step", "time_ms"]
    self.init(
      EventType(rawValue: type), runID: runID, sequence: UInt64(sequence), step: Int(step),
      milliseconds: milliseconds, fields: members.filter { !envelope.contains($0.name) })
  }
}
