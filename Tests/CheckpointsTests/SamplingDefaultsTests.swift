import Testing

@testable import Checkpoints

/// What files say of drawing tokens, read as transformers and llama.cpp read it.
struct SamplingDefaultsTests {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func read(_ text: String) throws -> SamplingDefaults? {
    let json = try JSONFile.read(try Mapping(path: try folder.write("generation.json", text)))
    return try SamplingDefaults(json, file: "generation_config.json")
  }

  @Test func `where do_sample is true, absent numbers are transformers' own`() throws {
    let defaults = try #require(try read(#"{"do_sample": true}"#))
    #expect((defaults.temperature, defaults.topK, defaults.topP) == (1, 50, 1))
    #expect((defaults.minP, defaults.repetitionPenalty) == (0, 1))
    let own = try #require(
      try read(
        #"{"do_sample": true, "temperature": 0.6, "top_k": 20, "top_p": 0.95, "min_p": 0.1, "repetition_penalty": 1.05}"#
      ))
    #expect((own.temperature, own.topK, own.topP, own.minP) == (0.6, 20, 0.95, 0.1))
    #expect(own.repetitionPenalty == 1.05 && own.notApplied.isEmpty)
  }

  @Test(arguments: [
    #"{"do_sample": false, "temperature": 0.6, "top_k": 3}"#, #"{"temperature": 0.6}"#,
    #"{"top_p": 0.5}"#, #"{"do_sample": false, "top_p": null}"#,
  ])
  func `otherwise the best token is taken, as generate does`(_ text: String) throws {
    let defaults = try #require(try read(text))
    #expect((defaults.temperature, defaults.topK, defaults.topP) == (0, 0, 1))
  }

  @Test(arguments: ["{}", #"{"eos_token_id": 2, "max_length": 20, "do_sample": null}"#])
  func `a file without sampling has no defaults`(_ text: String) throws {
    #expect(try read(text) == nil)
  }

  @Test(arguments: [
    ("num_beams", "4"), ("no_repeat_ngram_size", "3"), ("typical_p", "0.9"),
    ("suppress_tokens", "[5]"), ("guidance_scale", "1.5"), ("stop_strings", #"["x"]"#),
    ("temperature", "3.5"), ("forced_eos_token_id", "1"), ("penalty_alpha", "0.6"),
    ("sequence_bias", #"[[[1], 2.0]]"#),
  ])
  func `what is asked for and not done is named`(_ name: String, _ value: String) throws {
    let defaults = try #require(try read("{\"do_sample\": true, \"\(name)\": \(value)}"))
    #expect(defaults.notApplied == [name])
  }

  @Test func `what changes nothing is not named`() throws {
    let defaults = try #require(
      try read(
        #"{"do_sample": true, "num_beams": 1, "no_repeat_ngram_size": 0, "typical_p": 1.0, "suppress_tokens": null, "bad_words_ids": []}"#
      ))
    #expect(defaults.notApplied.isEmpty)
  }

  @Test(arguments: [
    ("do_sample", "1"), ("temperature", #""hot""#), ("top_p", "1.5"), ("top_k", "-1"),
    ("temperature", "-1"), ("repetition_penalty", "0"), ("min_p", "[1]"),
  ])
  func `a value that none can draw by is refused by its name`(_ name: String, _ value: String) {
    #expect {
      try read("{\"\(name)\": \(value)}")
    } throws: { ($0 as? CheckpointError)?.subject == .field(name) }
  }

  @Test func `a GGUF file's own sampling is read, and what it leaves out is left open`() throws {
    var file = GGUFBuilder.tinyLlama()
    #expect(try open(file).configuration.samplingDefaults == nil)
    file.fields += [
      ("general.sampling.temp", .float32(0.5)), ("general.sampling.top_k", .uint32(40)),
      ("general.sampling.mirostat", .uint32(2)), ("general.sampling.mirostat_eta", .float32(0)),
    ]
    let defaults = try #require(try open(file).configuration.samplingDefaults)
    #expect((defaults.temperature, defaults.topK, defaults.topP) == (0.5, 40, nil))
    #expect(defaults.notApplied == ["general.sampling.mirostat"])
  }

  private func open(_ file: GGUFBuilder) throws -> Checkpoint {
    try Checkpoint.open(try folder.write("m.gguf", file.bytes()))
  }
}
