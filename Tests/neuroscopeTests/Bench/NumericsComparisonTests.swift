import Checkpoints
import Models
import TestKit
import Tensors
import Testing

@testable import neuroscope

@Suite struct NumericsComparisonTests {
  private static func error(_ exact: [Float], _ other: [Float]) -> LogitError? {
    var error = LogitError()
    let isNumber = exact.withUnsafeBufferPointer { exact in
      other.withUnsafeBufferPointer { error.add(exact, $0) }
    }
    return isNumber ? error : nil
  }

  @Test func `scores are compared by their difference, their chances and the likeliest`() throws {
    let same = try #require(Self.error([1, 3, 2], [1, 3, 2]))
    #expect(same.positions == 1 && same.largestDifference == 0 && same.otherTokens == 0)
    #expect(same.meanDivergence == 0 && same.largestScore == 3)
    // Chances 1/2, 1/2 against 3/4, 1/4: Σ p log(p / q) = log(2 / √3).
    let log3 = Float(1.098_612_288_668_11)
    var two = try #require(Self.error([0, 0], [log3, 0]))
    #expect(abs(two.meanDivergence - 0.143_841_036_225_89) < 1e-7)
    #expect(two.largestDifference == log3 && two.otherTokens == 0)
    // A shift of all scores changes no chance.
    [0, 1].withUnsafeBufferPointer { exact in
      [6, 5].withUnsafeBufferPointer { _ = two.add(exact, $0) }
    }
    #expect(two.positions == 2 && two.otherTokens == 1 && two.largestDifference == 6)
    #expect(two.meanDivergence > two.largestDivergence / 2)
  }

  @Test func `what is no number is not compared`() {
    #expect(Self.error([1, .nan], [1, 2]) == nil)
    #expect(Self.error([1, 2], [.infinity, 2]) == nil)
  }

  private static func comparison(_ numerics: Numerics, window: Int) throws -> NumericsComparison {
    let checkpoint = try Checkpoint.open(TestModels.bundled)
    let family = try #require(Families.family(of: checkpoint.configuration.architecture))
    let model = try family.build(checkpoint, BuildOptions(contextLength: window))
    return NumericsComparison(
      model, exact: Arithmetic(threads: 1), other: Arithmetic(threads: 1, numerics: numerics),
      window: window)
  }

  @Test func `the exact arithmetic is not apart from itself, whatever the windows`() throws {
    let found = try Self.comparison(.exact, window: 24).run(.drawn(count: 40, first: 1))
    for error in [found.decode, found.prompt] {
      #expect(error.positions == 40 && error.largestDifference == 0 && error.otherTokens == 0)
    }
    #expect(found.tokens.count == 40 && found.tokens[0] == 1 && found.tokens[24] == 1)
    #expect(Set(found.tokens).count > 8)
  }

  @Test func `the same tokens are drawn each time, and a text's are taken as they are`() throws {
    let first = try Self.comparison(.fast, window: 64).run(.drawn(count: 20, first: 1))
    let again = try Self.comparison(.exact, window: 64).run(.drawn(count: 20, first: 1))
    #expect(first.tokens == again.tokens)
    let text = try Self.comparison(.fast, window: 64).run(.text(first.tokens))
    #expect(text.tokens == first.tokens && text.decode == first.decode)
    #expect(text.prompt == first.prompt && text.prompt.meanDivergence < 0.1)
  }

  @Test func `the table says what was found in words`() throws {
    let error = try #require(Self.error([0, 0], [1.098_612_3, 0]))
    #expect(
      BenchNumericsCommand.lines(prompt: error, decode: LogitError()) == [
        "fast against exact                prompt  decode",
        "tokens                            1       0",
        "largest logit difference          1.10    0",
        "largest logit                     0       0",
        "KL of the chances, mean, in nats  0.14    0",
        "KL of the chances, largest        0.14    0",
        "other likeliest token             0 of 1  0 of 0",
      ])
  }
}
