import Checkpoints
import Foundation
import Hooks
import Models
import TestKit
import Testing

/// Adapters that PEFT and llama.cpp's converter wrote (`Tests/References/adapters/make_adapters.py`), against what PEFT
/// computes with them.
@Suite struct `Adapters against PEFT` {
  struct Case: Decodable, Sendable {
    let name: String
    /// A checkpoint of the references.
    let base: String
    let adapter: String
    let ids: [Int32]?
    let answers: String?
    /// What a refusal names: a field of `adapter_config.json`, or a tensor.
    let field: String?
  }

  struct Cases: Decodable { let cases: [Case] }

  /// The references' folder, and a case.
  struct Row: Sendable, CustomTestStringConvertible {
    let root: String
    let row: Case
    var testDescription: String { "\(row.base): \(row.name)" }
    var base: String { "\(root)/\(row.base)" }
    var adapter: String { "\(root)/adapters/\(row.adapter)" }
  }

  static let rows: [Row] = {
    let roots = ProcessInfo.processInfo.environment["NEUROSCOPE_REFERENCES"] ?? ""
    return roots.split(separator: ":").flatMap { root -> [Row] in
      let file = URL(fileURLWithPath: "\(root)/adapters/cases.json")
      guard let data = try? Data(contentsOf: file),
        let cases = try? JSONDecoder().decode(Cases.self, from: data)
      else { return [] }
      return cases.cases.map { Row(root: String(root), row: $0) }
    }
  }()

  @Test(arguments: rows.filter { $0.row.field == nil })
  func `every activation and logit agrees, and watching changes no bit`(row: Row) throws {
    let ids = try #require(row.row.ids)
    let answers = try #require(row.row.answers)
    let file = try TensorFile("\(row.root)/adapters/\(answers)")
    let runner = try ModelRunner(row.base, adapter: row.adapter)
    let run = runner.prefill(ids, watching: runner.points)
    var compared = 0
    for (name, expected) in file.tensors {
      let point = try #require(runner.point(named: name), "\(name)")
      if point.site == .expertOutput, expected.values.isEmpty { continue }
      let found = try #require(run.captured[point], "\(name)")
      compared += 1
      let values = found.positionMajor(expected.shape)
      guard values.count == expected.values.count else {
        Issue.record("\(name): \(found.dimensions) against \(expected.shape)")
        continue
      }
      let largest = expected.values.filter(\.isFinite).map(abs).max() ?? 1
      let difference = zip(values, expected.values).map { abs($0 - $1) }.max() ?? 0
      let tolerance =
        point.site == .logits
        ? `Models against transformers`.logitTolerance
        : `Models against transformers`.activationTolerance
      #expect(difference <= tolerance * largest, "\(name): \(difference / largest) of the largest")
    }
    #expect(compared > 20)
    #expect(runner.prefill(ids).logits == run.logits)
    // However the prompt is cut, and without the adapter something else comes out.
    #expect(runner.prefill(ids, chunk: 5).logits == run.logits)
    #expect(try ModelRunner(row.base).prefill(ids).logits != run.logits)
  }

  @Test(arguments: rows.filter { $0.row.field != nil })
  func `an adapter whose arithmetic is not done here is refused by name`(row: Row) throws {
    let field = try #require(row.row.field)
    let error = #expect(throws: CheckpointError.self) {
      try ModelRunner(row.base, adapter: row.adapter)
    }
    switch error?.subject {
    case .field(let name): #expect(name == field)
    case .tensor(let name): #expect(name.hasSuffix(field))
    default: Issue.record("refused without a name: \(String(describing: error))")
    }
  }
}
