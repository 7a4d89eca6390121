import Checkpoints
import Foundation
import Testing

@testable import Hub

struct HubPullTests {
  private let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("neuroscope-\(UUID().uuidString)").path

  private func pull(
    _ hub: FixtureHub, file: String? = nil, token: String? = nil, force: Bool = false,
    notes: PullNotes = PullNotes()
  ) async throws -> PulledModel {
    var pull = HubPull(
      address: HubAddress(endpoint: hub.address, repository: "org/tiny", revision: "main"),
      file: file, folder: folder, token: token, agent: "tests/1",
      progress: notes)
    pull.pause = .milliseconds(1)
    return try await pull.run(force: force)
  }

  private func held(_ name: String) -> [UInt8]? {
    FileManager.default.contents(atPath: "\(folder)/org--tiny/\(name)").map(Array.init)
  }

  private func clean() { try? FileManager.default.removeItem(atPath: folder) }

  @Test func `fetches what makes up a model, and nothing else`() async throws {
    defer { clean() }
    let hub = try FixtureHub()
    let model = try await pull(hub)
    #expect(model == PulledModel(path: folder + "/org--tiny", name: "org--tiny"))
    #expect(held("model.safetensors") == hub.files["model.safetensors"])
    #expect(held("config.json") == hub.files["config.json"])
    #expect(held("README.md") == nil)
    let parts = try FileManager.default.contentsOfDirectory(atPath: model.path)
      .filter { $0.hasSuffix(".part") }
    #expect(parts.isEmpty)
  }

  @Test func `fetches nothing twice, unless forced`() async throws {
    defer { clean() }
    let hub = try FixtureHub()
    _ = try await pull(hub)
    let before = hub.requests.count
    let notes = PullNotes()
    _ = try await pull(hub, notes: notes)
    #expect(hub.requests.count == before + 2, "the commit and the listing")
    #expect(
      notes.news.last == .alreadyThere(path: folder + "/org--tiny", commit: FixtureHub.commit))
    #expect(notes.begun.isEmpty)
    _ = try await pull(hub, force: true)
    #expect(hub.requests.count > before + 4)
  }

  @Test func `goes on where a connection was cut`() async throws {
    defer { clean() }
    var behaviour = FixtureHub.Behaviour()
    behaviour.cut = (bytes: 3_000, times: 7)
    let hub = try FixtureHub(behaviour)
    _ = try await pull(hub)
    #expect(held("model.safetensors") == hub.files["model.safetensors"])
    let ranges = hub.requests.compactMap { $0.headers["range"] }
    #expect(ranges.count >= 4)
    #expect(Set(ranges).count == ranges.count, "every part once")
  }

  @Test func `goes on in a later run`() async throws {
    defer { clean() }
    var behaviour = FixtureHub.Behaviour()
    behaviour.cut = (bytes: 0, times: 1_000)
    let broken = try FixtureHub(behaviour)
    await #expect(throws: PullError.self) { try await pull(broken) }
    let hub = try FixtureHub()
    let hash = FixtureHub.sha256(hub.files["model.safetensors"] ?? [])
    let part = "\(folder)/org--tiny/.model.safetensors.\(hash.prefix(16)).part"
    try Data((hub.files["model.safetensors"] ?? []).prefix(5_000))
      .write(to: URL(fileURLWithPath: part))
    let notes = PullNotes()
    _ = try await pull(hub, notes: notes)
    #expect(hub.requests.compactMap { $0.headers["range"] } == ["bytes=5000-"])
    #expect(held("model.safetensors") == hub.files["model.safetensors"])
    #expect(notes.begun.contains("model.safetensors from 5000"))
  }

  @Test func `begins again where a server knows no ranges`() async throws {
    defer { clean() }
    var behaviour = FixtureHub.Behaviour()
    behaviour.cut = (bytes: 3_000, times: 2)
    behaviour.ignoresRanges = true
    let hub = try FixtureHub(behaviour)
    _ = try await pull(hub)
    #expect(held("model.safetensors") == hub.files["model.safetensors"])
  }

  @Test func `gives up on a server that never gets further`() async throws {
    defer { clean() }
    var behaviour = FixtureHub.Behaviour()
    behaviour.cut = (bytes: 3_000, times: 1_000)
    behaviour.ignoresRanges = true
    let hub = try FixtureHub(behaviour)
    let error = await #expect(throws: PullError.self) { try await pull(hub) }
    guard case .network(_, 5, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `gives up on a server that sends nothing and says that this is all`() async throws {
    defer { clean() }
    var behaviour = FixtureHub.Behaviour()
    behaviour.isEmpty = true
    let error = await #expect(throws: PullError.self) { try await pull(try FixtureHub(behaviour)) }
    guard case .network(_, 5, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `refuses other content than the listing promises, and keeps none of it`() async throws
  {
    defer { clean() }
    var behaviour = FixtureHub.Behaviour()
    behaviour.hash = String(repeating: "ab", count: 32)
    let hub = try FixtureHub(behaviour)
    let found = FixtureHub.sha256(hub.files["model.safetensors"] ?? [])
    await #expect(
      throws: PullError.wrongHash(
        file: "model.safetensors", expected: String(repeating: "ab", count: 32), found: found)
    ) { try await pull(hub) }
    let left = try FileManager.default.contentsOfDirectory(atPath: folder + "/org--tiny")
    #expect(left.allSatisfy { !$0.contains("safetensors") })
  }

  @Test func `refuses more bytes than the listing promises`() async throws {
    defer { clean() }
    var behaviour = FixtureHub.Behaviour()
    behaviour.surplus = 10
    let hub = try FixtureHub(behaviour)
    let error = await #expect(throws: PullError.self) { try await pull(hub) }
    guard case .wrongSize? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `waits out a server that fails for a while`() async throws {
    defer { clean() }
    var behaviour = FixtureHub.Behaviour()
    behaviour.statuses = [503, 429, 500, 502]
    let hub = try FixtureHub(behaviour)
    _ = try await pull(hub)
    #expect(held("config.json") != nil)
  }

  @Test func `gives up on a server that goes on failing`() async throws {
    defer { clean() }
    var behaviour = FixtureHub.Behaviour()
    behaviour.statuses = Array(repeating: 503, count: 50)
    let hub = try FixtureHub(behaviour)
    let error = await #expect(throws: PullError.self) { try await pull(hub) }
    guard case .network(_, 5, "the server answers 503")? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `shows the token to its own server alone`() async throws {
    defer { clean() }
    var behaviour = FixtureHub.Behaviour()
    behaviour.token = "secret"
    behaviour.redirects = true
    behaviour.cut = (bytes: 3_000, times: 1)
    let hub = try FixtureHub(behaviour)
    _ = try await pull(hub, token: "secret")
    #expect(held("model.safetensors") == hub.files["model.safetensors"])
    for request in hub.requests {
      let isElsewhere = request.path.hasPrefix("/elsewhere/")
      #expect((request.headers["authorization"] == nil) == isElsewhere, "\(request.path)")
    }
    #expect(
      hub.requests.contains { $0.path.hasPrefix("/elsewhere/") && $0.headers["range"] != nil })
  }

  @Test func `says that a token is needed`() async throws {
    defer { clean() }
    var behaviour = FixtureHub.Behaviour()
    behaviour.token = "secret"
    let hub = try FixtureHub(behaviour)
    let error = await #expect(throws: PullError.self) { try await pull(hub) }
    guard case .refused(_, 401, hasToken: false)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `follows the pages of a listing`() async throws {
    defer { clean() }
    var behaviour = FixtureHub.Behaviour()
    behaviour.pageSize = 1
    let hub = try FixtureHub(behaviour)
    _ = try await pull(hub)
    #expect(held("tokenizer.json") != nil)
  }

  @Test func `asks which of several GGUF files is meant, and takes the one named`() async throws {
    defer { clean() }
    let hub = try FixtureHub(files: ["a.gguf": [1], "b.gguf": [2]])
    await #expect(
      throws: PullError.chooseFile(repository: "org/tiny", files: ["a.gguf", "b.gguf"])
    ) { try await pull(hub) }
    let error = await #expect(throws: PullError.self) { try await pull(hub, file: "b.gguf") }
    #expect(held("b.gguf") == [2])
    #expect(held("a.gguf") == nil)
    guard case .checkpoint? = error else {
      Issue.record("one byte is no model: \(String(describing: error))")
      return
    }
  }

  @Test(arguments: [nil, "m-00001-of-00002.gguf", "m-00002-of-00002.gguf"])
  func `fetches all parts of a split GGUF model, whichever is named`(file: String?) async throws {
    defer { clean() }
    let names = ["m-00002-of-00002.gguf", "m-00001-of-00002.gguf"]
    let hub = try FixtureHub(files: [names[0]: [2], names[1]: [1]])
    let error = await #expect(throws: PullError.self) { try await pull(hub, file: file) }
    #expect(held(names[1]) == [1] && held(names[0]) == [2])
    guard case .checkpoint(let reason)? = error else {
      Issue.record("one byte is no model: \(String(describing: error))")
      return
    }
    #expect(reason.file.hasSuffix(names[1]), "the first part is what is opened")
  }

  @Test func `refuses repositories without weights`() async throws {
    defer { clean() }
    let hub = try FixtureHub(files: ["README.md": [1]])
    await #expect(throws: PullError.noWeights(repository: "org/tiny", files: ["README.md"])) {
      try await pull(hub)
    }
  }

  @Test func `leaves out names that lead out of the folder`() async throws {
    defer { clean() }
    var files = FixtureHub.tinyModel
    files["../evil.safetensors"] = [1]
    files["model/../../evil.safetensors"] = [1]
    files[".model.safetensors"] = [1]
    _ = try await pull(try FixtureHub(files: files))
    #expect(!FileManager.default.fileExists(atPath: folder + "/evil.safetensors"))
  }
}
