internal import JSON

/// A recording's frames as a safetensors file: a length, a JSON header, the numbers of all tensors in a row.
///
/// Tensors are named `hook/step/first position`; element types stay as recorded, int8 blocks become F32.
package enum SafetensorsExport {
  /// Writes the file piece by piece.
  package static func write(
    _ reader: RecordingReader, to output: ([UInt8]) throws(RecordingError) -> Void
  ) throws(RecordingError) {
    let tensors = try ExportedTensor.all(in: reader)
    var header = Self.header(tensors, reader)
    // The numbers begin at a multiple of 8.
    while header.count % 8 != 0 { header.append(0x20) }
    var length: [UInt8] = []
    RecordingLayout.append(UInt64(header.count), to: &length)
    try output(length + header)
    for tensor in tensors { try output(tensor.bytes(reader)) }
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
