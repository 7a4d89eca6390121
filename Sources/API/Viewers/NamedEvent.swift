internal import HTTP
internal import JSON

/// One event of an event stream that belongs to no run.
enum NamedEvent {
  /// - Parameter json: one line.
  static func bytes(_ name: String, _ json: [UInt8]) -> [UInt8] {
    Array("event: \(name)\ndata: ".utf8) + json + [0x0a, 0x0a]
  }

  /// The last event of a stream that can't go on.
  static func error(_ refusal: Refusal) -> [UInt8] {
    var json = JSONWriter()
    json.value(["type": "error", "error": refusal.reply.event])
    return bytes("error", json.bytes)
  }
}
