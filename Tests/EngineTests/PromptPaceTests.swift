import Testing

@testable import Engine

@Suite struct PromptPaceTests {
  let pace = PromptPace(first: 64, longest: 512)

  private func chunk(_ pace: PromptPace) -> Int { pace.chunk(seconds: 0.1, least: 16) }

  @Test func `before anything is known a chunk is what it was told`() {
    #expect(chunk(pace) == 64)
    #expect(PromptPace(first: 64, longest: 8).chunk(seconds: 1, least: 16) == 8)
  }

  @Test func `a chunk is what fits into the time that its pass may take`() {
    var pace = pace
    pace.note(tokens: 64, seconds: 0.04)
    #expect((159...160).contains(chunk(pace)))
    #expect(pace.chunk(seconds: 1, least: 16) == 512)
  }

  @Test func `a slow model's chunks become short, and long again when passes get faster`() {
    var pace = pace
    pace.note(tokens: 64, seconds: 2)
    #expect(chunk(pace) == 16)
    #expect(pace.chunk(seconds: 1, least: 64) == 64)
    for _ in 0..<20 { pace.note(tokens: 16, seconds: 0.002) }
    #expect(chunk(pace) == 512)
  }

  @Test func `a pass that took no time or had no tokens tells nothing wrong`() {
    var pace = pace
    pace.note(tokens: 0, seconds: 1)
    #expect(chunk(pace) == 64)
    pace.note(tokens: 10, seconds: 0)
    #expect(chunk(pace) == 64)
  }
}
