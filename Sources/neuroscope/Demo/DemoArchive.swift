internal import Foundation

/// Writes what a demonstration captured: a JSON file with the facts, a safetensors file with the tensors.
struct DemoArchive {
  let folder: URL

  /// - Throws: where the folder can't be made.
  init(_ path: String) throws {
    folder = URL(fileURLWithPath: path)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  /// Writes `<scenario>.json` and, where something was captured, `<scenario>.safetensors`.
  ///
  /// - Returns: the paths of the files.
  func write(_ run: DemoRun) throws -> [String] {
    let name = run.scenario.name
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let facts = folder.appendingPathComponent(name + ".json")
    try encoder.encode(Facts(run)).write(to: facts)
    guard !run.tracks.isEmpty else { return [facts.relativePath] }
    let tensors = folder.appendingPathComponent(name + ".safetensors")
    try Self.safetensors(run).write(to: tensors)
    return [facts.relativePath, tensors.relativePath]
  }

  private struct Facts: Encodable {
    struct Hook: Encodable {
      let hookId: String
      let layerName: String
      let component: String
      let isInput: Bool
      /// One per pass.
      let shapes: [[Int]]
      /// Of the last position of each pass.
      let norms: [Float]
    }

    let scenario: DemoScenario
    let model: String
    let answer: String
    let finishReason: String?
    let promptTokens: Int
    let completionTokens: Int
    let firstTokenMs: Double?
    let totalMs: Double
    let hooks: [Hook]

    init(_ run: DemoRun) {
      scenario = run.scenario
      model = run.start.run.model
      answer = run.answer
      finishReason = run.finishReason
      promptTokens = run.start.run.promptTokens
      completionTokens = run.completionTokens
      firstTokenMs = run.firstTokenMs
      totalMs = run.endMs
      hooks = run.tracks.map { track in
        Hook(
          hookId: track.hook.hookId, layerName: track.hook.layerName,
          component: track.hook.component, isInput: track.hook.isInput, shapes: track.shapes,
          norms: track.norms)
      }
    }
  }

  private struct Entry: Encodable {
    let dtype = "F32"
    let shape: [Int]
    let offsets: [Int]

    enum CodingKeys: String, CodingKey {
      case dtype, shape
      case offsets = "data_offsets"
    }
  }

  /// The tensors as `<hook>.step_<n>`, in safetensors: a length, a JSON header, the numbers one behind the other.
  private static func safetensors(_ run: DemoRun) throws -> Data {
    var header: [String: Entry] = [:]
    var numbers = Data()
    for track in run.tracks {
      for (step, values) in track.values.enumerated() {
        let begin = numbers.count
        for value in values {
          withUnsafeBytes(of: value.bitPattern.littleEndian) { numbers.append(contentsOf: $0) }
        }
        header["\(track.hook.label).step_\(step)"] = Entry(
          shape: track.shapes[step], offsets: [begin, numbers.count])
      }
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    var text = try encoder.encode(header)
    // Readers map the numbers in place, so they begin at a multiple of 8.
    while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
    var data = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Data($0) }
    data.append(text)
    data.append(numbers)
    return data
  }
}
