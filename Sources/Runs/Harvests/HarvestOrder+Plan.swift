internal import Engine
internal import Hooks
package import Frames
package import JSON
package import Recordings

extension HarvestOrder {
  /// The hook whose tensors have no size that is known before: of a single expert.
  package var unplannable: RunHook? { hooks.first { $0.spec.point.site == .expertOutput } }

  /// The same as files: each tensor as `hook/prompt`, inputs as `hook/prompt/input`, without a batch axis.
  package func plan(shardBytes: Int) -> HarvestPlan {
    let (prompts, hooks, catalogue) = (prompts, hooks, model.catalogue)
    return HarvestPlan(promptCount: prompts.count, shardBytes: shardBytes) { prompt in
      hooks.compactMap { hook in
        guard
          let shape = hook.spec.dimensions(ofPrompt: prompts[prompt].count, in: catalogue)
        else { return nil }
        let element = hook.storedElement
        return HarvestPlan.Tensor(
          name: hook.spec.hookID, suffix: hook.spec.isInput ? "/input" : "",
          dtype: element.name, shape: shape, byteCount: shape.reduce(element.width, *))
      }
    }
  }

  /// What is to be told of the harvest with its files, besides when it was begun.
  package func facts(modelHash: String) -> JSONValue {
    [
      "model": .string(model.info.id), "model_hash": .string(modelHash),
      "texts": JSONValue(prompts.count), "tokens": JSONValue(tokenCount),
      "hooks": .array(hooks.map { $0.json(model.catalogue) }),
    ]
  }

  /// All prompts' tokens as a safetensors file: `input_ids`, one prompt behind the other, and where each begins,
  /// `offsets`, with the end of the last.
  package var tokenFile: [UInt8] {
    var offsets: [Int64] = [0]
    for prompt in prompts { offsets.append((offsets.last ?? 0) + Int64(prompt.count)) }
    let idBytes = tokenCount * MemoryLayout<Int32>.size
    let end = (idBytes + 7) / 8 * 8
    var header = JSONWriter.object { writer in
      writer.member("__metadata__", ["format": "np"])
      // Numbers of eight bytes first, so that all of them lie as they should.
      writer.member("offsets", Self.entry("I64", offsets.count, 0, offsets.count * 8))
      writer.member(
        "input_ids", Self.entry("I32", tokenCount, offsets.count * 8, offsets.count * 8 + idBytes))
    }
    while header.count % 8 != 0 { header.append(0x20) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + header.count + offsets.count * 8 + end)
    Self.append(UInt64(header.count), to: &bytes)
    bytes += header
    for offset in offsets { Self.append(UInt64(bitPattern: offset), to: &bytes) }
    for prompt in prompts {
      for token in prompt { Self.append(UInt32(bitPattern: token), to: &bytes) }
    }
    return bytes
  }

  private static func entry(_ dtype: String, _ count: Int, _ first: Int, _ end: Int) -> JSONValue {
    [
      "dtype": .string(dtype), "shape": [JSONValue(count)],
      "data_offsets": [JSONValue(first), JSONValue(end)],
    ]
  }

  private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
  }
}

extension HarvestedPrompt {
  /// The numbers of its tensors as files hold them; blocks of int8 become singles.
  package func stored() throws(FrameError) -> [[UInt8]] {
    var pieces: [[UInt8]] = []
    pieces.reserveCapacity(tensors.count)
    for tensor in tensors {
      let isWhole = tensor.frame.frame.elementType != .int8Blocks
      pieces.append(
        try isWhole
          ? tensor.frame.unpacked() : tensor.frame.values().withUnsafeBytes { Array($0) })
    }
    return pieces
  }
}

extension RunHook {
  /// How files of other programs store its numbers.
  fileprivate var storedElement: (name: String, width: Int) {
    switch format.elementType {
    case .float32, .int8Blocks: ("F32", 4)
    case .float16: ("F16", 2)
    case .bfloat16: ("BF16", 2)
    case .uint32: ("U32", 4)
    }
  }
}
