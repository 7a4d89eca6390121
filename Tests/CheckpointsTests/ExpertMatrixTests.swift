import Checkpoints
import Tensors
import Testing

/// The same two experts (3 outputs, 32 inputs) in every layout that is read.
struct ExpertMatrixTests {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private let experts = 2
  private let outputs = 3
  private let inputs = 32

  /// The number at an output and input, small enough for every type that stores it.
  private func value(_ part: ExpertProjection, _ expert: Int, _ output: Int, _ input: Int) -> Float
  {
    let start = part == .up ? 100 : 0
    return Float(start + expert * 50 + output * 10 + input % 10)
  }

  private func expected(_ part: ExpertProjection, _ expert: Int) -> [[Float]] {
    (0..<outputs).map { output in (0..<inputs).map { value(part, expert, output, $0) } }
  }

  private func open(_ tensors: [SafetensorsBuilder.Tensor]) throws -> Checkpoint {
    try folder.write("config.json", SafetensorsBuilder.tinyConfig)
    try folder.write("model.safetensors", SafetensorsBuilder(tensors: tensors).bytes())
    return try Checkpoint.open(folder.path)
  }

  private func f32(_ name: String, _ shape: [Int], _ numbers: [Float]) -> SafetensorsBuilder.Tensor
  {
    SafetensorsBuilder.Tensor(
      name: name, dtype: "F32", shape: shape,
      bytes: numbers.flatMap { GGUFBuilder.little($0.bitPattern) })
  }

  @Test func `reads gates and ups out of Hugging Face's interleaved, input-first tensor`() throws {
    var fused: [Float] = []
    for expert in 0..<experts {
      for input in 0..<inputs {
        for output in 0..<outputs {
          fused += [value(.gate, expert, output, input), value(.up, expert, output, input)]
        }
      }
    }
    let checkpoint = try open([f32("m.experts.gate_up_proj", [2, 32, 6], fused)])
    for part in [ExpertProjection.gate, .up] {
      let matrices = try checkpoint.expertMatrices(
        "m", part, count: 2, rows: 3, columns: 32)
      #expect(matrices.map(rows(of:)) == [expected(part, 0), expected(part, 1)])
    }
  }

  @Test func `turns Hugging Face's down projection round`() throws {
    var down: [Float] = []
    for expert in 0..<experts {
      for input in 0..<inputs { down += (0..<outputs).map { value(.down, expert, $0, input) } }
    }
    let checkpoint = try open([f32("m.experts.down_proj", [2, 32, 3], down)])
    let matrices = try checkpoint.expertMatrices(
      "m", .down, count: 2, rows: 3, columns: 32)
    #expect(matrices.map(rows(of:)) == [expected(.down, 0), expected(.down, 1)])
  }

  @Test(arguments: [
    "m.experts.gate_proj.weight", "m.switch_mlp.gate_proj.weight", "m.ffn_gate_exps.weight",
  ])
  func `cuts stacked experts apart`(_ name: String) throws {
    let numbers = (0..<experts).flatMap { expected(.gate, $0).flatMap { $0 } }
    let checkpoint = try open([f32(name, [2, 3, 32], numbers)])
    let matrices = try checkpoint.expertMatrices("m", .gate, count: 2, rows: 3, columns: 32)
    #expect(matrices.map(rows(of:)) == [expected(.gate, 0), expected(.gate, 1)])
  }

  @Test(arguments: [
    ["gate_proj", "up_proj", "down_proj"], ["w1", "w3", "w2"],
  ]) func `takes experts that lie one by one`(_ names: [String]) throws {
    var tensors: [SafetensorsBuilder.Tensor] = []
    for (part, name) in zip(ExpertProjection.allCases, names) {
      for expert in 0..<experts {
        tensors.append(
          f32(
            "m.experts.\(expert).\(name).weight", [3, 32],
            expected(part, expert).flatMap { $0 }))
      }
    }
    let checkpoint = try open(tensors)
    for part in ExpertProjection.allCases {
      let matrices = try checkpoint.expertMatrices("m", part, count: 2, rows: 3, columns: 32)
      #expect(matrices.map(rows(of:)) == [expected(part, 0), expected(part, 1)])
    }
    #expect(throws: CheckpointError.self) {
      try checkpoint.expertMatrices("m", .gate, count: 3, rows: 3, columns: 32)
    }
  }

  @Test func `takes gates and ups from the halves of transformers' tensor`() throws {
    let fused = (0..<experts).flatMap { expert in
      (expected(.gate, expert) + expected(.up, expert)).flatMap { $0 }
    }
    let down = (0..<experts).flatMap { expected(.down, $0).flatMap { $0 } }
    let checkpoint = try open([
      f32("m.experts.gate_up_proj", [2, 6, 32], fused),
      f32("m.experts.down_proj", [2, 3, 32], down),
    ])
    for part in ExpertProjection.allCases {
      let matrices = try checkpoint.expertMatrices(
        "m", part, .halves, count: 2, rows: 3, columns: 32)
      #expect(matrices.map(rows(of:)) == [expected(part, 0), expected(part, 1)])
    }
    #expect(throws: CheckpointError.self) {
      try checkpoint.expertMatrices("m", .gate, .halves, count: 2, rows: 4, columns: 32)
    }
  }

  @Test func `reads MXFP4 gates and ups by stride, without a copy`() throws {
    // Row r of an expert holds the codes 2r and 2r + 1 in turn; scales are powers of two.
    let blocks = (0..<12).flatMap { row -> [UInt8] in
      let even = UInt8(2 * (row % 4))
      return [UInt8](repeating: even | (even + 1) << 4, count: 16)
    }
    let exponents: [UInt8] = (0..<12).map { $0 < 6 ? 127 : 128 }
    let checkpoint = try open([
      .init(
        name: "m.experts.gate_up_proj_blocks", dtype: "U8", shape: [2, 6, 1, 16], bytes: blocks),
      .init(
        name: "m.experts.gate_up_proj_scales", dtype: "U8", shape: [2, 6, 1],
        bytes: exponents),
    ])
    let values: [Float] = [0, 0.5, 1, 1.5, 2, 3, 4, 6]
    for (part, first) in [(ExpertProjection.gate, 0), (.up, 1)] {
      let matrices = try checkpoint.expertMatrices("m", part, count: 2, rows: 3, columns: 32)
      for expert in 0..<2 {
        let expected = (0..<3).map { row -> [Float] in
          let code = 2 * ((expert * 6 + 2 * row + first) % 4)
          return (0..<32).map { column in values[code + column % 2] * Float(expert + 1) }
        }
        #expect(rows(of: matrices[expert]) == expected)
      }
    }
  }

  @Test func `takes every second bias where they are interleaved`() throws {
    let fused = (0..<12).map { Float($0) }
    let checkpoint = try open([
      f32("a.experts.gate_up_proj_bias", [2, 6], fused),
      f32("b.experts.up_proj.bias", [2, 3], [1, 2, 3, 4, 5, 6]),
      f32("c.experts.down_proj_bias", [2, 3], [6, 5, 4, 3, 2, 1]),
    ])
    #expect(
      try checkpoint.expertBiases("a", .gate, count: 2, rows: 3) == [0, 2, 4, 6, 8, 10])
    #expect(try checkpoint.expertBiases("a", .up, count: 2, rows: 3) == [1, 3, 5, 7, 9, 11])
    #expect(try checkpoint.expertBiases("b", .up, count: 2, rows: 3) == [1, 2, 3, 4, 5, 6])
    #expect(try checkpoint.expertBiases("c", .down, count: 2, rows: 3) == [6, 5, 4, 3, 2, 1])
    #expect(try checkpoint.expertBiases("d", .down, count: 2, rows: 3) == nil)
    let wrong = refusal { () throws(CheckpointError) in
      try checkpoint.expertBiases("a", .gate, count: 3, rows: 2)
    }
    #expect(wrong?.subject == .tensor("a.experts.gate_up_proj_bias"))
  }

  @Test func `refuses other counts and shapes in every layout`() throws {
    let checkpoint = try open([
      f32("a.experts.gate_up_proj", [1, 2, 4], [Float](repeating: 0, count: 8)),
      f32("b.experts.up_proj.weight", [1, 2, 4], [Float](repeating: 0, count: 8)),
      .init(
        name: "c.down_proj_blocks", dtype: "U8", shape: [1, 1, 1, 16],
        bytes: .init(repeating: 0, count: 16)),
    ])
    for (module, part) in [("a", ExpertProjection.gate), ("b", .up), ("c", .down), ("d", .gate)] {
      let error = refusal { () throws(CheckpointError) in
        try checkpoint.expertMatrices(module, part, count: 2, rows: 32, columns: 32)
      }
      #expect(error != nil, "\(module)")
    }
  }

  @Test func `turns gpt2's matrices round where they lie input-first`() throws {
    let numbers = (0..<6).map { Float($0) }
    let checkpoint = try open([f32("h.0.attn.c_attn.weight", [2, 3], numbers)])
    let matrix = try checkpoint.transposedMatrix("h.0.attn.c_attn", rows: 3, columns: 2)
    #expect(rows(of: matrix) == [[0, 3], [1, 4], [2, 5]])
    let wrong = refusal { () throws(CheckpointError) in
      try checkpoint.transposedMatrix("h.0.attn.c_attn", rows: 2, columns: 3)
    }
    #expect(wrong?.kind == .mismatch)
  }
}
