import Foundation
import API
import Runs
import Testing

@testable import neuroscope

@Suite struct ModelLocatorTests {
  /// A folder that is removed at the end.
  private final class Scratch {
    let url = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    func make(_ path: String) throws -> String {
      let file = url.appending(path: path)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data("{}".utf8).write(to: file)
      return file.path
    }
    deinit { try? FileManager.default.removeItem(at: url) }
  }

  @Test func `no name means the model in the installation`() throws {
    let scratch = Scratch()
    _ = try scratch.make("home/Fixtures/models/tiny/config.json")
    let home = scratch.url.path + "/home"
    let locator = ModelLocator(installation: Installation(roots: [home]), environment: [:])
    #expect(try locator.path(of: nil) == home + "/Fixtures/models/tiny")
    #expect(try locator.path(of: "tiny") == home + "/Fixtures/models/tiny")
  }

  @Test func `a path is taken as it is, a bare name is looked for among the fetched models`() throws
  {
    let scratch = Scratch()
    let file = try scratch.make("cache/neuroscope/models/small.gguf")
    let environment = ["XDG_CACHE_HOME": scratch.url.path + "/cache"]
    let locator = ModelLocator(installation: Installation(roots: []), environment: environment)
    #expect(try locator.path(of: file) == file)
    #expect(try locator.path(of: "small") == file)
    #expect(try locator.path(of: "small.gguf") == file)
  }

  @Test(arguments: [nil, "nothing", "./nothing", "a/b"])
  func `what is not there is refused`(name: String?) {
    let locator = ModelLocator(
      installation: Installation(roots: []), environment: ["XDG_CACHE_HOME": "/nonexistent"])
    #expect(throws: CommandFailure.self) { try locator.path(of: name) }
  }

  @Test func `without a cache variable the home folder's cache is used`() {
    #expect(ModelLocator.cacheFolder(["HOME": "/h"]) == "/h/.cache/neuroscope/models")
    #expect(
      ModelLocator.cacheFolder(["HOME": "/h", "XDG_CACHE_HOME": "relative"])
        == "/h/.cache/neuroscope/models")
  }
}
