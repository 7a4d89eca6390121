import Foundation
import TestKit
import Testing

@testable import neuroscope

@Suite struct BrowserTests {
  /// A folder with programs that write down what they were asked to open.
  private func folder(of names: String...) throws -> URL {
    let url = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    for name in names {
      let file = url.appending(path: name)
      let part = file.path + ".part"
      let script =
        "#!/bin/sh\nprintf '%s' \"$1\" > \(part) && mv \(part) \(file.path).opened\n"
      try Data(script.utf8).write(to: file)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
    }
    return url
  }

  @Test func `the wanted browser goes first, and one that is not there is passed over`() throws {
    let place = try folder(of: "xdg-open", "wanted")
    defer { try? FileManager.default.removeItem(at: place) }
    let path = ["PATH": "/nowhere:\(place.path)"]
    #expect(Browser(environment: path).program == place.path + "/xdg-open")
    let both = path.merging(["BROWSER": "absent:wanted"]) { $1 }
    #expect(Browser(environment: both).program == place.path + "/wanted")
    let whole = path.merging(["BROWSER": place.path + "/wanted"]) { $1 }
    #expect(Browser(environment: whole).program == place.path + "/wanted")
  }

  @Test func `the address reaches the program as one argument`() async throws {
    let place = try folder(of: "xdg-open")
    defer { try? FileManager.default.removeItem(at: place) }
    let browser = Browser(environment: ["PATH": place.path + ":/usr/bin:/bin"])
    #expect(browser.show("http://127.0.0.1:8080/?a=b c") == nil)
    let opened = place.appending(path: "xdg-open.opened").path
    #expect(
      await eventually {
        (try? String(contentsOfFile: opened, encoding: .utf8)) == "http://127.0.0.1:8080/?a=b c"
      })
  }

  @Test func `where there is no browser the address is told`() {
    let told = Browser(environment: ["PATH": "/nowhere"]).show("http://127.0.0.1:8080/")
    #expect(told?.contains("http://127.0.0.1:8080/") == true)
    #expect(Browser(environment: [:]).program == nil)
  }
}
