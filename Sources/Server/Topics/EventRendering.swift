import Wire

/// The bytes of one event on the two streaming doors.
enum EventRendering {
  /// One complete event of an event stream.
  ///
  /// Without an id the client keeps the last one, which is
  /// right for events of one viewer only, such as a `gap`: it resumes after the last shared event.
  static func event(type: String, id: EventID?, json: [UInt8]) -> [UInt8] {
    let envelope = SSEEncoder.envelope(type, id: id?.description)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(envelope.prefix.count + json.count + envelope.suffix.count)
    bytes += envelope.prefix
    bytes += json
    bytes += envelope.suffix
    return bytes
  }
}
