import Testing

/// Every refusal has its words.
@Suite struct WordingTests {
  @Test
  func
    `sentences are made by switches without a default, so that one without words does not compile`()
  {
    let files = SourceTree.sources.filter { $0.name == "Wording" || $0.path.contains("/Wording+") }
    #expect(files.count >= 4)
    for file in files {
      #expect(file.lines(withCode: "default:").isEmpty, "\(file) words what it does not name")
    }
  }
}
