internal import JSON

/// How MLX quantised a checkpoint: `quantization` in `config.json`, with overrides by module.
///
/// A matrix is quantised exactly if `<module>.scales` lies beside `<module>.weight`.
struct MLXQuantization: Sendable, Equatable {
  /// One module's coding.
  struct Setting: Sendable, Hashable {
    var bits: Int
    /// Columns that share a scale.
    var group: Int
    var mode: Mode
  }

  /// The codings of `mlx.core.quantize` that the kernels read.
  enum Mode: String, Sendable, Hashable { case affine, mxfp4 }

  let standard: Setting
  /// By module path, where it differs from the standard.
  let overrides: [String: Setting]

  /// Nil where the configuration speaks of no such quantisation.
  init?(_ root: JSONValue, file: String) throws(CheckpointError) {
    guard
      let json = root[present: "quantization"] ?? Self.affine(root[present: "quantization_config"])
    else {
      return nil
    }
    guard let members = json.members else {
      throw CheckpointError(
        .damaged, file: file, .field("quantization"), expected: "an object", found: json.kind)
    }
    let standard = try Self.setting(json, file: file, name: "quantization")
    var overrides: [String: Setting] = [:]
    for member in members where !Self.names.contains(member.name) {
      switch member.value {
      case .object: break
      // Modules left as they are say false; the others' scales say that they are not.
      case .bool, .null: continue
      default:
        throw CheckpointError(
          .unsupported, file: file, .field("quantization.\(member.name)"),
          expected: "group_size, bits, mode, or a module's own setting", found: member.value.kind)
      }
      let setting = try Self.setting(
        member.value, file: file, name: "quantization.\(member.name)")
      if setting != standard { overrides[TensorNames.canonical(member.name)] = setting }
    }
    self.standard = standard
    self.overrides = overrides
  }

  private static let names = ["group_size", "bits", "mode"]

  func setting(for module: String) -> Setting { overrides[module] ?? standard }

  /// What people call it.
  var label: String {
    guard standard.mode == .affine else { return "MLX MXFP4" }
    let mixed = overrides.values.contains { $0.bits != standard.bits && $0.bits < 8 }
    return "MLX \(mixed ? "mixed " : "")\(standard.bits)-bit g\(standard.group)"
  }

  /// `quantization_config` also belongs to other schemes; MLX's has a group size and no method.
  private static func affine(_ json: JSONValue?) -> JSONValue? {
    guard let json, json[present: "quant_method"] == nil, json[present: "group_size"] != nil else {
      return nil
    }
    return json
  }

  private static func setting(_ json: JSONValue, file: String, name: String) throws(CheckpointError)
    -> Setting
  {
    let fields = ConfigurationFields(json, file: file)
    let word = try fields.string("mode") ?? "affine"
    guard let mode = Mode(rawValue: word) else {
      throw fields.unsupported("\(name).mode", "affine or mxfp4", found: "'\(word)'")
    }
    let bits = try fields.integer("bits", in: 1...32) ?? 4
    let group = try fields.integer("group_size", in: 1...4_096) ?? (mode == .mxfp4 ? 32 : 64)
    switch mode {
    case .affine:
      guard [2, 3, 4, 5, 6, 8].contains(bits) else {
        throw fields.unsupported("\(name).bits", "2, 3, 4, 5, 6 or 8", found: "\(bits)")
      }
      guard [32, 64, 128].contains(group) else {
        throw fields.unsupported("\(name).group_size", "32, 64 or 128", found: "\(group)")
      }
    case .mxfp4:
      guard bits == 4, group == 32 else {
        throw fields.unsupported(
          name, "4 bits in groups of 32", found: "\(bits) bits in groups of \(group)")
      }
    }
    return Setting(bits: bits, group: group, mode: mode)
  }
}
