import Checkpoints
import Tensors
import Testing

struct MLXQuantizationTests {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func open(
    _ quantization: String, _ change: (inout SafetensorsBuilder) -> Void = { _ in }
  ) throws -> Checkpoint {
    var file = SafetensorsBuilder.tinyMLX()
    change(&file)
    try folder.write(
      "config.json",
      SafetensorsBuilder.tinyConfig.dropLast() + ", \"quantization\": \(quantization)}")
    try folder.write("model.safetensors", file.bytes())
    return try Checkpoint.open(folder.path)
  }

  private func refused(
    _ quantization: String, _ change: (inout SafetensorsBuilder) -> Void = { _ in }
  ) throws -> CheckpointError {
    try #require(throws: CheckpointError.self) {
      try open(quantization, change).matrix("model.embed_tokens", rows: 4, columns: 32)
    }
  }

  @Test func `reads codes low nibble first, times the scale, plus the bias`() throws {
    let checkpoint = try open(#"{"group_size": 32, "bits": 4, "mode": "affine"}"#)
    #expect(checkpoint.format == .mlx)
    #expect(checkpoint.quantization == "MLX 4-bit g32")
    #expect(checkpoint.parameterCount == 128)
    let matrix = try checkpoint.matrix("model.embed_tokens", rows: 4, columns: 32)
    #expect(matrix.encoding == .affine(bits: 4, group: 32, scales: .f16))
    let scales: [Float] = [1, 2, -1, 0.5]
    let expected = (0..<4).map { row in
      (0..<32).map { column in
        let byte = row * 16 + column / 2
        return Float(column % 2 == 0 ? byte & 15 : byte >> 4) * scales[row]
      }
    }
    #expect(rows(of: matrix) == expected)
  }

  @Test func `takes an override for the module it names`() throws {
    let override =
      #"{"group_size": 64, "bits": 8, "model.embed_tokens": {"group_size": 32, "bits": 4}}"#
    #expect(try open(override).matrix("model.embed_tokens", rows: 4, columns: 32).columns == 32)
    #expect(
      try refused(#"{"group_size": 64, "bits": 8}"#).subject == .tensor("model.embed_tokens.weight")
    )
  }

  @Test func `reads MXFP4 where the mode says so`() throws {
    let checkpoint = try open(#"{"group_size": 32, "bits": 4, "mode": "mxfp4"}"#) { file in
      file.tensors.removeLast()
      file.tensors[0].bytes = [UInt8](repeating: 0x72, count: 64)
      file.tensors[1].dtype = "U8"
      file.tensors[1].bytes = [127, 128, 126, 127]
    }
    #expect(checkpoint.quantization == "MLX MXFP4")
    let matrix = try checkpoint.matrix("model.embed_tokens", rows: 4, columns: 32)
    #expect(matrix.encoding == .mxfp4Split)
    #expect(rows(of: matrix)[1] == (0..<32).map { $0 % 2 == 0 ? 2 : 12 })
  }

  @Test(arguments: [
    ("7", "quantization"), (#"{"group_size": 32, "bits": 7}"#, "quantization.bits"),
    (#"{"group_size": 16, "bits": 4}"#, "quantization.group_size"),
    (#"{"group_size": 32, "bits": 4, "mode": "nvfp4"}"#, "quantization.mode"),
    (#"{"group_size": 32, "bits": "4"}"#, "bits"),
    (#"{"group_size": 64, "bits": 4, "mode": "mxfp4"}"#, "quantization"),
    (#"{"group_size": 32, "bits": 4, "a.b": {"bits": 1}}"#, "quantization.a.b.bits"),
    (#"{"group_size": 32, "bits": 4, "a.b": 4}"#, "quantization.a.b"),
    (#"{"group_size": 32, "bits": 4, "scheme": "odd"}"#, "quantization.scheme"),
  ])
  func `refuses settings that no kernel reads`(_ quantization: String, _ field: String) throws {
    #expect(try refused(quantization).subject == .field(field))
  }

  @Test func `a module that is skipped may say so`() throws {
    let checkpoint = try open(
      #"{"group_size": 32, "bits": 4, "model.norm": false, "model.x": null}"#
    ) { _ in }
    #expect(checkpoint.quantization == "MLX 4-bit g32")
  }

  @Test func `refuses scales and biases that do not fit`() throws {
    let plain = #"{"group_size": 32, "bits": 4}"#
    #expect(
      try refused(plain) { $0.tensors.removeLast() }.subject
        == .tensor("model.embed_tokens.biases"))
    #expect(
      try refused(plain) { $0.tensors[1].shape = [2, 2] }.subject
        == .tensor("model.embed_tokens.scales"))
    #expect(
      try refused(plain) { $0.tensors[2].shape = [2, 2] }.subject
        == .tensor("model.embed_tokens.biases"))
    #expect(
      try refused(plain) { $0.tensors[2].dtype = "BF16" }.subject
        == .tensor("model.embed_tokens.scales"))
    #expect(
      try refused(plain) { $0.tensors[0].dtype = "I32" }.subject
        == .tensor("model.embed_tokens.weight"))
    #expect(
      try refused(plain) { $0.tensors[0].shape = [2, 8] }.subject
        == .tensor("model.embed_tokens.weight"))
  }
}
