import Checkpoints
import Foundation
import Models
import TestKit
import Testing

/// Quirky configurations that `Tests/References/configurations/make_quirks.py` made by rule: the engine computes what
/// transformers does, or refuses by name.
///
/// No case may give other numbers.
@Suite struct `Quirky configurations against transformers` {
  struct Case: Decodable {
    let name: String
    let folder: String
    /// Why transformers computes nothing.
    let refusal: String?
    /// The key whose value no configuration may have.
    let field: String?
    /// The tensor that no model of this configuration reads, or that is missing or strange.
    let tensor: String?
  }

  struct Cases: Decodable {
    let family: String
    let ids: [Int32]
    /// Tokens of the shorter prompt.
    let short: Int
    let cases: [Case]
    /// Whether each case has several changes, any of which may be the one to refuse.
    let together: Bool?
  }

  /// Folders `quirks/<family>` below the references.
  static let folders: [String] = {
    let roots = ProcessInfo.processInfo.environment["NEUROSCOPE_REFERENCES"] ?? ""
    return roots.split(separator: ":").flatMap { root -> [String] in
      let folder = "\(root)/quirks"
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      return names.sorted().map { "\(folder)/\($0)" }
    }
  }()

  @Test(arguments: folders)
  func `computes the same or refuses by name`(folder: String) throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/cases.json"))
    let cases = try JSONDecoder().decode(Cases.self, from: data)
    let answers = try TensorFile(folder + "/answers.safetensors")
    var computed = 0
    var refused: [String] = []
    for row in cases.cases {
      let name = "\(cases.family) \(row.folder): \(row.name)"
      let runner: ModelRunner
      do {
        runner = try ModelRunner("\(folder)/\(row.folder)", threads: 1)
      } catch let error as CheckpointError {
        if row.refusal == nil, row.field == nil { refused.append(row.name) }
        check(error, row, name)
        continue
      }
      guard row.field == nil, row.refusal == nil, let answer = answers.tensors[row.folder] else {
        Issue.record("\(name): computed, where \(row.refusal ?? "the field is to be refused")")
        continue
      }
      computed += 1
      compare(runner, cases, answer, name)
    }
    #expect(
      computed > (cases.together == true ? 1 : 5) * refused.count,
      "\(cases.family): refused, though transformers computes them: \(refused)")
  }

  private func check(_ error: CheckpointError, _ row: Case, _ name: String) {
    #expect(error.subject != .file, "\(name): \(error)")
    if let tensor = row.tensor { #expect(error.subject == .tensor(tensor), "\(name): \(error)") }
    guard let field = row.field else { return }
    #expect(error.subject == .field(field), "\(name): \(error)")
  }

  private func compare(
    _ runner: ModelRunner, _ cases: Cases, _ answer: TensorFile.Tensor, _ name: String
  ) {
    let size = answer.shape[1]
    for (row, count) in [cases.short, cases.ids.count].enumerated()
    where count <= runner.model.contextLength {
      let logits = runner.prefill(Array(cases.ids.prefix(count))).logits
      let expected = answer.values[row * size..<(row + 1) * size]
      let largest = expected.map(abs).max() ?? 1
      let difference = zip(logits, expected).map { abs($0 - $1) }.max() ?? .infinity
      #expect(
        logits.count == size
          && difference <= `Models against transformers`.logitTolerance * largest,
        "\(name), \(count) tokens: \(difference / largest) of the largest")
    }
  }
}
