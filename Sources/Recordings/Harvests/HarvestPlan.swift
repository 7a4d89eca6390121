internal import JSON

/// What a stored harvest consists of, known to the byte before anything is read: so what is there after a fall tells by
/// its size how far it came.
package struct HarvestPlan: Sendable {
  /// A tensor of a prompt.
  package struct Tensor: Sendable, Hashable {
    /// Before the prompt's number, and behind it.
    package let name: String
    package let suffix: String
    /// As safetensors names it.
    package let dtype: String
    package let shape: [Int]
    package let byteCount: Int

    package init(
      name: String, suffix: String = "", dtype: String, shape: [Int], byteCount: Int
    ) {
      self.name = name
      self.suffix = suffix
      self.dtype = dtype
      self.shape = shape
      self.byteCount = byteCount
    }
  }

  /// A file of consecutive prompts.
  struct Shard: Sendable, Hashable {
    let prompts: Range<Int>
    let byteCount: Int
  }

  /// Tensors that a file has at most, so that its header stays small.
  static let tensorLimit = 1 << 15

  package let promptCount: Int
  /// The tensors of a prompt, those that it has nothing of left out.
  let tensors: @Sendable (_ prompt: Int) -> [Tensor]
  let shards: [Shard]

  /// - Parameter shardBytes: bytes of tensors in a file, unless one prompt alone has more.
  package init(
    promptCount: Int, shardBytes: Int, tensors: @escaping @Sendable (_ prompt: Int) -> [Tensor]
  ) {
    self.promptCount = promptCount
    self.tensors = tensors
    var shards: [Shard] = []
    var (first, bytes, count) = (0, 0, 0)
    for prompt in 0..<promptCount {
      let own = tensors(prompt)
      let ownBytes = own.reduce(0) { $0 + $1.byteCount }
      let isFull = bytes + ownBytes > shardBytes || count + own.count > Self.tensorLimit
      if isFull, prompt > first {
        shards.append(Shard(prompts: first..<prompt, byteCount: bytes))
        (first, bytes, count) = (prompt, 0, 0)
      }
      bytes += ownBytes
      count += own.count
    }
    shards.append(Shard(prompts: first..<promptCount, byteCount: bytes))
    self.shards = shards
  }

  /// Prompts of each file.
  package var promptCounts: [Int] { shards.map(\.prompts.count) }

  /// Bytes of all tensors.
  package var byteCount: Int { shards.reduce(0) { $0 + $1.byteCount } }

  /// What a shard's file is called once it is whole.
  func fileName(_ shard: Int) -> String {
    "harvest-\(Self.padded(shard + 1, 5))-of-\(Self.padded(shards.count, 5)).safetensors"
  }

  /// A tensor's name in its file.
  static func fullName(_ tensor: Tensor, of prompt: Int) -> String {
    "\(tensor.name)/\(padded(prompt, 6))\(tensor.suffix)"
  }

  static func padded(_ number: Int, _ digits: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }

  /// The bytes before a shard's numbers, and where the numbers of each of its prompts end.
  func head(of shard: Int) -> (bytes: [UInt8], ends: [Int]) {
    var writer = JSONWriter()
    var offset = 0
    var ends: [Int] = []
    writer.object { writer in
      writer.member("__metadata__", ["format": "np"])
      for prompt in shards[shard].prompts {
        for tensor in tensors(prompt) {
          let end = offset + tensor.byteCount
          writer.member(
            Self.fullName(tensor, of: prompt),
            [
              "dtype": .string(tensor.dtype), "shape": .array(tensor.shape.map { JSONValue($0) }),
              "data_offsets": [JSONValue(offset), JSONValue(end)],
            ])
          offset = end
        }
        ends.append(offset)
      }
    }
    var header = writer.bytes
    // The numbers begin at a multiple of 8.
    while header.count % 8 != 0 { header.append(0x20) }
    var bytes: [UInt8] = []
    RecordingLayout.append(UInt64(header.count), to: &bytes)
    return (bytes + header, ends)
  }

  /// Which file each tensor is in, as Hugging Face's indices of sharded files tell it.
  func index() -> [UInt8] {
    JSONWriter.object { writer in
      writer.member("metadata", ["total_size": JSONValue(byteCount)])
      writer.object("weight_map") { writer in
        for (place, shard) in shards.enumerated() {
          for prompt in shard.prompts {
            for tensor in tensors(prompt) {
              writer.member(Self.fullName(tensor, of: prompt), fileName(place))
            }
          }
        }
      }
    }
  }
}
