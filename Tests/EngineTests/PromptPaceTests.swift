import Testing

@testable import Engine

@Suite struct PromptPaceTests {
  let pace = PromptPace(gap: 0.1, first: 64, range: 16...512)

  @Test func `before anything is known a chunk is what it was told`() {
    #expect(pace.chunk == 64)
  }

  @Test func `a chunk is what fits into the gap`() {
    var pace = pace
    pace.note(tokens: 64, seconds: 0.04)
    #expect((159...160).contains(pace.chunk))
  }

  @Test func `a slow model's chunks become short, and long again when passes get faster`() {
    var pace = pace
    pace.note(tokens: 64, seconds: 2)
    #expect(pace.chunk == 16)
    for _ in 0..<20 { pace.note(tokens: 16, seconds: 0.002) }
    #expect(pace.chunk == 512)
  }

  @Test func `a pass that took no time or had no tokens tells nothing wrong`() {
    var pace = pace
    pace.note(tokens: 0, seconds: 1)
    #expect(pace.chunk == 64)
    pace.note(tokens: 10, seconds: 0)
    #expect(pace.chunk == 64)
  }
}
