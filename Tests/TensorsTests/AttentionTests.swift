import Foundation
import TestKit
import Testing

@testable import Tensors

/// A small cache in pages, filled through `store`.
final class SmallCache {
  let pages: CachePages
  private let memory: [UnsafeMutableRawPointer]
  private let tables: [UnsafeMutablePointer<UnsafeMutableRawPointer>]

  init(positions: Int, pageLength: Int, kvHeads: Int, headDim: Int, type: ElementType) {
    let count = (positions + pageLength - 1) / pageLength
    let bytes = CachePages.bytesPerPage(
      pageLength: pageLength, kvHeads: kvHeads, headDim: headDim, type: type)
    let memory = (0..<2 * count).map { _ in
      let page = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
      page.initializeMemory(as: UInt8.self, repeating: 0xff, count: bytes)  // NaN everywhere
      return page
    }
    tables = [0, count].map { first in
      let table = UnsafeMutablePointer<UnsafeMutableRawPointer>.allocate(capacity: count)
      table.initialize(from: Array(memory[first..<first + count]), count: count)
      return table
    }
    self.memory = memory
    pages = CachePages(
      keys: tables[0], values: tables[1], pageLength: pageLength, kvHeads: kvHeads,
      headDim: headDim, type: type)
  }

  deinit {
    memory.forEach { $0.deallocate() }
    tables.forEach { $0.deallocate() }
  }
}

@Suite struct AttentionTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var set: InstructionSet
    var type = ElementType.f32
    var rows = 1
    var first = 0
    var heads = 6
    var kvHeads = 2
    var headDim = 32
    var window = 0
    var sinks = false
    var softcap: Float = 0
    var pageLength = 16
    var testDescription: String {
      "\(set.rawValue) \(type.name) \(rows) rows at \(first), \(heads)/\(kvHeads)x\(headDim), "
        + "window \(window), sinks \(sinks), cap \(softcap), page \(pageLength)"
    }

    static let all: [Case] = InstructionSet.distinct.flatMap { set in
      [
        Case(set: set), Case(set: set, rows: 5), Case(set: set, rows: 37, first: 20),
        Case(set: set, type: .f16, rows: 3, first: 50, headDim: 64),
        Case(set: set, rows: 33, first: 7, headDim: 64, window: 9, sinks: true),
        Case(
          set: set, type: .f16, rows: 1, first: 100, heads: 8, headDim: 64, window: 32, sinks: true),
        Case(set: set, rows: 4, first: 13, heads: 3, kvHeads: 3, headDim: 80, softcap: 5),
        Case(set: set, rows: 20, first: 3, heads: 4, kvHeads: 1, headDim: 24, pageLength: 7),
        Case(
          set: set, type: .f16, rows: 18, first: 0, heads: 4, kvHeads: 4, headDim: 20,
          pageLength: 64),
        Case(set: set, rows: 40, first: 200, heads: 4, headDim: 128, pageLength: 128),
        // Several blocks of keys: shared out by blocks, or tile by tile.
        Case(set: set, rows: 1, first: 700, heads: 9, kvHeads: 3, headDim: 64, pageLength: 32),
        Case(set: set, type: .f16, rows: 3, first: 600, heads: 10, headDim: 64, sinks: true),
        Case(set: set, rows: 2, first: 1000, headDim: 80, window: 530, sinks: true, softcap: 5),
        Case(set: set, rows: 21, first: 520, heads: 4, headDim: 128, window: 300, pageLength: 128),
      ]
    }
  }

  struct Setup {
    let cache: SmallCache
    let queries, sinks: FloatSlab
    let queryValues, sinkValues, keys, values: [Float]
    let arithmetic: Arithmetic
    let case_: Case
    var keyCount: Int { case_.first + case_.rows }
    var scale: Float { 1 / Float(case_.headDim).squareRoot() }
    var width: Int { case_.heads * case_.headDim }

    init(_ c: Case) {
      case_ = c
      var random = SeededGenerator(seed: 11)
      let count = c.first + c.rows
      let width = c.kvHeads * c.headDim
      cache = SmallCache(
        positions: count, pageLength: c.pageLength, kvHeads: c.kvHeads, headDim: c.headDim,
        type: c.type)
      // Numbers that a half holds exactly, so that both caches must give the same answer.
      func exact(_ n: Int) -> [Float] { random.floats(n).map { ($0 * 256).rounded() / 256 } }
      keys = exact(count * width)
      values = exact(count * width)
      queryValues = random.floats(c.rows * c.heads * c.headDim)
      sinkValues = random.floats(c.heads)
      queries = FloatSlab(queryValues)
      sinks = FloatSlab(sinkValues)
      arithmetic = Arithmetic(threads: 2, instructionSet: c.set)
      let (k, v) = (FloatSlab(keys), FloatSlab(values))
      let split = min(count, 5)
      for range in [0..<split, split..<count] {
        arithmetic.store(
          keys: k.rows(count, width: width)[range], values: v.rows(count, width: width)[range],
          in: cache.pages, at: range.lowerBound)
      }
    }

    func job(
      into z: FloatSlab, rows: Range<Int>? = nil, scores: FloatSlab? = nil,
      pattern: FloatSlab? = nil,
      sinkShares: FloatSlab? = nil
    ) -> AttentionJob {
      let rows = rows ?? 0..<case_.rows
      return AttentionJob(
        queries: queries.rows(case_.rows, width: width)[rows],
        firstPosition: case_.first + rows.lowerBound,
        pages: cache.pages, heads: case_.heads, scale: scale, window: case_.window,
        sinks: case_.sinks ? UnsafePointer(sinks.base) : nil, softcap: case_.softcap,
        mixed: z.rows(case_.rows, width: width)[rows], scores: scores?.base, pattern: pattern?.base,
        keysStride: scores == nil && pattern == nil ? 0 : keyCount + 3,
        sinkShares: sinkShares?.base)
    }

    /// Scores (nil: unseen) and output of one head of one row, in double precision.
    func expected(head: Int, row: Int) -> (scores: [Double?], pattern: [Double], z: [Double]) {
      let c = case_
      let position = c.first + row
      let kv = head / (c.heads / c.kvHeads)
      let scores: [Double?] = (0..<keyCount).map { key in
        guard key <= position, c.window == 0 || key > position - c.window else { return nil }
        var dot = 0.0
        for i in 0..<c.headDim {
          dot +=
            Double(queryValues[row * width + head * c.headDim + i])
            * Double(keys[(key * c.kvHeads + kv) * c.headDim + i])
        }
        dot *= Double(scale)
        return c.softcap > 0 ? Double(c.softcap) * tanh(dot / Double(c.softcap)) : dot
      }
      let sink = c.sinks ? exp(Double(sinkValues[head])) : 0
      let sum = scores.reduce(sink) { $0 + ($1.map { exp($0) } ?? 0) }
      let pattern = scores.map { $0.map { exp($0) / sum } ?? 0 }
      let z = (0..<c.headDim).map { i in
        pattern.indices.reduce(0.0) {
          $0 + pattern[$1] * Double(values[($1 * c.kvHeads + kv) * c.headDim + i])
        }
      }
      return (scores, pattern, z)
    }
  }

  @Test(arguments: Case.all)
  func `attention is the soft maximum of what a row may see`(case_: Case) {
    let setup = Setup(case_)
    let z = FloatSlab(count: case_.rows * setup.width)
    let count = case_.heads * case_.rows * (setup.keyCount + 3)
    let (scores, pattern) = (FloatSlab(count: count), FloatSlab(count: count))
    setup.arithmetic.attend([setup.job(into: z, scores: scores, pattern: pattern)])
    let (found, foundScores, foundPattern) = (z.values, scores.values, pattern.values)
    for head in 0..<case_.heads {
      for row in stride(from: 0, to: case_.rows, by: 7) {
        let expected = setup.expected(head: head, row: row)
        let line = (head * case_.rows + row) * (setup.keyCount + 3)
        var (scoreError, patternError, mixError) = (0.0, 0.0, 0.0)
        var unseenAreMarked = true
        for key in 0..<setup.keyCount {
          let (score, share) = (foundScores[line + key], foundPattern[line + key])
          if let seen = expected.scores[key] {
            scoreError = max(scoreError, abs(Double(score) - seen))
          } else {
            unseenAreMarked = unseenAreMarked && score == -.infinity && share == 0
          }
          patternError = max(patternError, abs(Double(share) - expected.pattern[key]))
        }
        for i in 0..<case_.headDim {
          let value = Double(found[row * setup.width + head * case_.headDim + i])
          mixError = max(mixError, abs(value - expected.z[i]))
        }
        #expect(scoreError < 2e-5 && patternError < 2e-6 && mixError < 1e-5 && unseenAreMarked)
      }
    }
  }

  @Test(arguments: Case.all)
  func `stage by stage gives the bits of all at once, looked at or not`(case_: Case) {
    let setup = Setup(case_)
    let count = case_.heads * case_.rows * (setup.keyCount + 3)
    let slabs = (0..<6).map { _ in FloatSlab(count: count) }
    let outputs = (0..<3).map { _ in FloatSlab(count: case_.rows * setup.width) }
    setup.arithmetic.attend([setup.job(into: outputs[0])])
    setup.arithmetic.attend([setup.job(into: outputs[1], scores: slabs[0], pattern: slabs[1])])
    let staged = setup.job(into: outputs[2], scores: slabs[2], pattern: slabs[3])
    setup.arithmetic.attentionScores(staged)
    setup.arithmetic.attentionSoftmax(staged)
    setup.arithmetic.attentionMix(staged)
    #expect(outputs[0].values == outputs[1].values)
    #expect(outputs[0].values == outputs[2].values)
    #expect(slabs[0].values == slabs[2].values)
    #expect(slabs[1].values == slabs[3].values)
  }

  @Test(arguments: Case.all.filter { $0.rows > 1 })
  func `a row's bits do not depend on the rows it comes with`(case_: Case) {
    let setup = Setup(case_)
    let (whole, cut) = (
      FloatSlab(count: case_.rows * setup.width), FloatSlab(count: case_.rows * setup.width)
    )
    setup.arithmetic.attend([setup.job(into: whole)])
    for row in 0..<case_.rows {
      setup.arithmetic.attend([setup.job(into: cut, rows: row..<row + 1)])
    }
    #expect(whole.values == cut.values)
  }

  @Test(arguments: InstructionSet.distinct)
  func `scores of minus infinity take no share, however many blocks they fill`(set: InstructionSet)
  {
    let setup = Setup(Case(set: set, rows: 1, first: 600, headDim: 64))
    let z = FloatSlab(count: setup.width)
    let count = setup.case_.heads * (setup.keyCount + 3)
    let (scores, pattern) = (FloatSlab(count: count), FloatSlab(count: count))
    let job = setup.job(into: z, scores: scores, pattern: pattern)
    setup.arithmetic.attentionScores(job)
    for key in 0..<520 { scores.base[key] = -.infinity }
    setup.arithmetic.attentionSoftmax(job)
    let shares = pattern.values[..<setup.keyCount]
    #expect(shares[..<520].allSatisfy { $0 == 0 })
    #expect(abs(shares[520...].reduce(0, +) - 1) < 1e-5)
  }

  @Test(arguments: Case.all.filter(\.sinks))
  func `a sink takes what is missing from 1`(case_: Case) {
    let setup = Setup(case_)
    let z = FloatSlab(count: case_.rows * setup.width)
    let shares = FloatSlab(count: case_.rows * case_.heads)
    setup.arithmetic.attend([setup.job(into: z, sinkShares: shares)])
    for row in 0..<case_.rows {
      for head in 0..<case_.heads {
        let missing = 1 - setup.expected(head: head, row: row).pattern.reduce(0, +)
        #expect(abs(Double(shares.values[row * case_.heads + head]) - missing) < 1e-6)
      }
    }
  }

  @Test(arguments: InstructionSet.distinct)
  func `a segment's bits do not depend on the other segments of a batch`(set: InstructionSet) {
    let setups = [
      Setup(Case(set: set, rows: 1, first: 40, headDim: 64)),
      Setup(Case(set: set, rows: 9, first: 0, headDim: 64)),
      Setup(Case(set: set, rows: 1, first: 300, headDim: 64, window: 10)),
    ]
    let alone = setups.map { FloatSlab(count: $0.case_.rows * $0.width) }
    let together = setups.map { FloatSlab(count: $0.case_.rows * $0.width) }
    for (setup, z) in zip(setups, alone) { setup.arithmetic.attend([setup.job(into: z)]) }
    setups[0].arithmetic.attend(zip(setups, together).map { $0.job(into: $1) })
    for (a, b) in zip(alone, together) { #expect(a.values == b.values) }
  }
}
