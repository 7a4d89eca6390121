import Testing

@testable import Hub

struct PullTargetTests {
  private static func hub(
    _ repository: String, _ revision: String = "main", file: String? = nil,
    at endpoint: String = HubAddress.standard
  ) -> PullTarget {
    .repository(
      HubAddress(endpoint: endpoint, repository: repository, revision: revision), file: file)
  }

  @Test(arguments: [
    ("org/name", hub("org/name")), ("org/name@v1.0", hub("org/name", "v1.0")),
    ("org/name/m-Q4_K_M.gguf", hub("org/name", file: "m-Q4_K_M.gguf")),
    ("https://huggingface.co/org/name", hub("org/name")),
    ("https://huggingface.co/org/name/", hub("org/name")),
    ("https://huggingface.co/org/name/tree/dev", hub("org/name", "dev")),
    (
      "https://hub.example:8080/org/name/blob/dev/a.gguf?download=true",
      hub("org/name", "dev", file: "a.gguf", at: "https://hub.example:8080")
    ),
  ])
  func `reads names and addresses`(_ text: String, _ target: PullTarget) throws {
    #expect(try PullTarget(text, endpoint: nil) == target)
  }

  @Test func `knows the models it has names for, in any case`() throws {
    let known = try #require(KnownModels.all.first)
    #expect(try PullTarget("SmolLM2-135M", endpoint: nil) == .known(known))
  }

  @Test func `asks another server when told to`() throws {
    let target = try PullTarget("org/name", endpoint: "http://127.0.0.1:8080/")
    #expect(target == Self.hub("org/name", at: "http://127.0.0.1:8080"))
  }

  @Test(arguments: [
    "", "name", "/", "org/", "/name", "a/b/c/d", "../name", "org/..", "org/na me", "org/näme",
    "org/name@", "org/name@../x", "ftp://host/org/name", "https://", "https://host", "-x/y",
    "org/name/../file", "org/name/tree/..", "org/name\u{0}",
  ])
  func `refuses what is neither`(_ text: String) {
    #expect(throws: PullError.self) { try PullTarget(text, endpoint: nil) }
  }

  @Test func `keeps revisions of a repository apart`() {
    let main = HubAddress(endpoint: "", repository: "a/b", revision: "main")
    let other = HubAddress(endpoint: "", repository: "a/b", revision: "v1")
    #expect(main.folderName == "a--b")
    #expect(other.folderName == "a--b@v1")
  }
}
