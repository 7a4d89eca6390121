internal import Frames
internal import JSON

/// One frame of a recording as a named array for other programs.
struct ExportedTensor {
  /// How exports store numbers; blocks of int8 become singles, which nobody else reads.
  enum Element {
    case float32, float16, bfloat16, uint32

    var width: Int { self == .float32 || self == .uint32 ? 4 : 2 }
  }

  /// `hook/step/first position`, unique in the recording.
  var name: String
  var element: Element
  var shape: [Int]
  /// The frame's record.
  var record: Int
  /// Whether its numbers are written as singles whatever they were recorded as.
  var isWidened = false

  var byteCount: Int { shape.reduce(1, *) * element.width }

  /// All frames of a recording, read once for their headers.
  ///
  /// - Parameter asSingles: all numbers but integers, for readers that know no shorter ones.
  static func all(
    in reader: RecordingReader, asSingles: Bool = false
  ) throws(RecordingError) -> [ExportedTensor] {
    let names = try hookNames(reader)
    var taken: Set<String> = []
    var tensors: [ExportedTensor] = []
    for (index, entry) in reader.entries.enumerated() where entry.type == .frame {
      let frame = try reader.frame(index).frame
      let hook = names[Int64(frame.hookIndex)] ?? "hook\(frame.hookIndex)"
      let plain = "\(hook)/\(padded(frame.step))/\(padded(frame.firstPosition))"
      // Kinds of one hook (values and indices of a top-k) share step and position.
      let name = taken.insert(plain).inserted ? plain : "\(plain)/\(entry.sequence)-\(index)"
      let isWidened = asSingles && frame.elementType != .uint32
      tensors.append(
        ExportedTensor(
          name: name, element: isWidened ? .float32 : Element(frame.elementType),
          shape: frame.shape, record: index, isWidened: isWidened))
    }
    return tensors
  }

  /// The hooks' ids by index, as `run.started` names them.
  private static func hookNames(_ reader: RecordingReader) throws(RecordingError) -> [Int64: String]
  {
    for (index, entry) in reader.entries.enumerated() where entry.type == .event {
      guard let event = try? JSONValue(parsing: reader.payload(index)),
        event["type"]?.string == EventType.runStarted.rawValue
      else { continue }
      var names: [Int64: String] = [:]
      for hook in event["hooks"]?.array ?? [] {
        if let number = hook["index"]?.integer { names[number] = hook["hook_id"]?.string }
      }
      return names
    }
    return [:]
  }

  private static func padded(_ number: UInt32) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 6 - digits.count)) + digits
  }

  /// The numbers as little-endian bytes.
  func bytes(_ reader: RecordingReader) throws(RecordingError) -> [UInt8] {
    let frame = try reader.frame(record)
    do throws(FrameError) {
      guard isWidened || frame.frame.elementType == .int8Blocks else { return try frame.unpacked() }
      return try frame.values().withUnsafeBytes { Array($0) }
    } catch { throw .frame(error) }
  }
}

extension ExportedTensor.Element {
  init(_ type: FrameElementType) {
    switch type {
    case .float32, .int8Blocks: self = .float32
    case .float16: self = .float16
    case .bfloat16: self = .bfloat16
    case .uint32: self = .uint32
    }
  }
}
