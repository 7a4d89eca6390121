internal import JSON

/// A recording's frames as a safetensors file: a length, a JSON header, the numbers of all tensors in a row.
///
/// Tensors are named `hook/step/first position`; element types stay as recorded, int8 blocks become F32.
package struct SafetensorsExport: RecordingExport {
  private let reader: RecordingReader
  private let tensors: [ExportedTensor]
  /// The tensor that comes next; -1 before the header.
  private var place = -1

  /// - Parameter asSingles: whether all numbers but integers are written as F32: numpy knows no BF16.
  package init(_ reader: RecordingReader, asSingles: Bool = false) throws(RecordingError) {
    self.reader = reader
    tensors = try ExportedTensor.all(in: reader, asSingles: asSingles)
  }

  package mutating func next() throws(RecordingError) -> [UInt8]? {
    defer { place += 1 }
    guard place >= 0 else { return head }
    return place < tensors.count ? try tensors[place].bytes(reader) : nil
  }

  private var head: [UInt8] {
    var header = Self.header(tensors, reader)
    // The numbers begin at a multiple of 8.
    while header.count % 8 != 0 { header.append(0x20) }
    var length: [UInt8] = []
    RecordingLayout.append(UInt64(header.count), to: &length)
    return length + header
  }

  private static func header(_ tensors: [ExportedTensor], _ reader: RecordingReader) -> [UInt8] {
    var writer = JSONWriter()
    var offset = 0
    writer.object { writer in
      writer.member(
        "__metadata__",
        ["run_id": .string(reader.metadata.runID), "model": .string(reader.metadata.model)])
      for tensor in tensors {
        let end = offset + tensor.byteCount
        writer.member(
          tensor.name,
          [
            "dtype": .string(tensor.element.safetensorsName),
            "shape": .array(tensor.shape.map { JSONValue($0) }),
            "data_offsets": [JSONValue(offset), JSONValue(end)],
          ])
        offset = end
      }
    }
    return writer.bytes
  }
}

extension ExportedTensor.Element {
  var safetensorsName: String {
    switch self {
    case .float32: "F32"
    case .float16: "F16"
    case .bfloat16: "BF16"
    case .uint32: "U32"
    }
  }
}
