import Testing

@testable import Checkpoints

/// Keys of `rank_pattern` and `alpha_pattern`, as PEFT's `re.match(rf"(.*\.)?({key})$", name)` takes them.
@Suite struct `Patterns of adapters` {
  private let name = "model.layers.12.self_attn.q_proj"

  @Test(arguments: [
    "q_proj", "self_attn.q_proj", "layers.12.self_attn.q_proj", "^model.layers.12.self_attn.q_proj",
    ".*", ".*\\.q_proj", ".*q_proj", "q.proj", "layers\\.\\d+\\.self_attn\\.q_proj",
    "layers.\\d*.self_attn.q_proj", "layers..*.q_proj", "m*odel.+", "^.*q_proj",
  ])
  func `matches`(key: String) throws {
    #expect(try #require(AdapterPattern(key)).matches(name), "\(key)")
  }

  @Test(arguments: [
    "proj", "_proj", "q_pro", "^q_proj", "layers.1.self_attn.q_proj", "self_attn", "k_proj",
    "layers\\.\\d\\.self_attn\\.q_proj", "q\\.proj", "layers..+12.self_attn.q_proj",
  ])
  func `does not match`(key: String) throws {
    #expect(try #require(AdapterPattern(key)).matches(name) == false, "\(key)")
  }

  @Test(arguments: ["a|b", "(a)", "[ab]", "a{2}", "a?", "a$", "*a", "a**", "\\w", "\\", "a^b"])
  func `more of an expression is not read`(key: String) { #expect(AdapterPattern(key) == nil) }

  @Test func `long keys take no longer than their length`() throws {
    let key = String(repeating: ".*a", count: 2_000) + "b"
    #expect(
      try #require(AdapterPattern(key)).matches(String(repeating: "a", count: 2_000)) == false)
  }
}
