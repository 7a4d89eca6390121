package import Foundation

/// A PEFT adapter laid down by a test: tensors of float32 and a configuration, right or deliberately wrong.
package struct AdapterFolder {
  package struct Tensor {
    package var shape: [Int]
    package var values: [Float]

    package init(shape: [Int], values: [Float]) {
      self.shape = shape
      self.values = values
    }
  }

  /// By their names in the file.
  package var tensors: [String: Tensor] = [:]
  /// Members of `adapter_config.json`, each as JSON text.
  package var configuration: [String: String] = [
    "peft_type": #""LORA""#, "r": "2", "lora_alpha": "4",
  ]

  package init() {}

  /// Updates of rank 2 for modules of the bundled model: outputs, inputs by the module's name below a layer.
  package static func ofBundledModel(
    _ modules: [String: (rows: Int, columns: Int)] = [
      "self_attn.q_proj": (128, 128), "mlp.down_proj": (128, 384),
    ], layers: Range<Int> = 0..<24, seed: UInt64 = 1
  ) -> AdapterFolder {
    var adapter = AdapterFolder()
    var generator = SeededGenerator(seed: seed)
    func random(_ shape: [Int]) -> Tensor {
      Tensor(
        shape: shape,
        values: (0..<shape.reduce(1, *)).map { _ in Float.random(in: -0.2...0.2, using: &generator)
        })
    }
    for layer in layers {
      for (name, size) in modules.sorted(by: { $0.key < $1.key }) {
        let module = "base_model.model.model.layers.\(layer).\(name)"
        adapter.tensors[module + ".lora_A.weight"] = random([2, size.columns])
        adapter.tensors[module + ".lora_B.weight"] = random([size.rows, 2])
      }
    }
    let names = modules.keys.sorted().compactMap { $0.split(separator: ".").last }
    adapter.configuration["target_modules"] =
      "[" + names.map { "\"\($0)\"" }.joined(separator: ", ") + "]"
    return adapter
  }

  /// Writes both files into a new folder below the system's temporary one.
  package func write() throws -> URL {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("neuroscope-adapter-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let members = configuration.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \($0.value)" }
    try Data("{\(members.joined(separator: ", "))}".utf8)
      .write(to: folder.appendingPathComponent("adapter_config.json"))
    try weights.write(to: folder.appendingPathComponent("adapter_model.safetensors"))
    return folder
  }

  /// The safetensors file.
  package var weights: Data {
    var (header, data) = (["\"__metadata__\":{\"format\":\"pt\"}"], Data())
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
      let start = data.count
      for value in tensor.values {
        withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
      }
      header.append(
        "\"\(name)\":{\"dtype\":\"F32\",\"shape\":\(tensor.shape),"
          + "\"data_offsets\":[\(start),\(data.count)]}")
    }
    let text = Data("{\(header.joined(separator: ","))}".utf8)
    return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Data($0) } + text + data
  }
}
