import API
import Foundation
import JSON
import TestKit
import Testing

@testable import neuroscope

/// What `neuroscope install` writes, as far as it follows from the commands.
@Suite struct InstallTests {
  /// Every command's words, by what the parser says of itself.
  private func commands(_ command: JSONValue, below parent: String = "") -> [String] {
    guard let own = command["commandName"]?.string, own != "help" else { return [] }
    let name = parent.isEmpty ? own : "\(parent) \(own)"
    return [name] + (command["subcommands"]?.array ?? []).flatMap { commands($0, below: name) }
  }

  @Test func `the manual has every command and every option`() throws {
    let help = try InstalledLayout.help()
    let page = ManualPage(help, version: "1.2.3").text
    #expect(page.hasPrefix(".TH NEUROSCOPE 1 \"\" \"neuroscope 1.2.3\"\n"))
    let all = commands(try #require(help["command"]))
    #expect(all.count > 15)
    for name in all.dropFirst() {
      #expect(page.contains(".SS \"\(ManualPage.escaped(name))\"\n"), "\(name)")
    }
    for option in ["--listen", "--keys", "--models-dir", "--prefix", "--limit"] {
      #expect(page.contains("\\fB" + ManualPage.escaped(option) + "\\fR"), "\(option)")
    }
    // No line is a request of roff but those that were meant.
    let meant = [".TH", ".SH", ".SS", ".TP", ".PP", ".br", ".B"]
    for line in page.split(separator: "\n") where line.hasPrefix(".") || line.hasPrefix("'") {
      #expect(meant.contains(String(line.prefix { $0 != " " })), "\(line)")
    }
  }

  @Test func `text is no request of roff, whatever it begins with`() {
    #expect(ManualPage.escaped(".so /etc/passwd") == "\\&.so /etc/passwd")
    #expect(ManualPage.escaped("'a") == "\\&'a")
    #expect(ManualPage.escaped("a\\b--c\n.d") == "a\\eb\\-\\-c .d")
  }

  @Test func `an installation is whole, and found by the program in it`() throws {
    let folder = NSTemporaryDirectory() + "neuroscope-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let source = Installation(roots: [TestModels.root])
    for _ in 0..<2 {
      try InstalledLayout(prefix: "/usr/local", root: folder, from: source).write()
    }
    let home = folder + "/lib/neuroscope"
    let installed = Installation(roots: [home])
    #expect(installed.bundledModel?.hasPrefix(home) == true)
    for name in ["openapi.json", "scenarios"] {
      #expect(installed.protocolFile(name)?.hasPrefix(home) == true)
    }
    for name in ["app.js", "login.html", "neuroscope.js"] {
      #expect(installed.dashboardFile(name)?.hasPrefix(home) == true)
    }
    let link = try FileManager.default.destinationOfSymbolicLink(
      atPath: folder + "/bin/neuroscope")
    #expect(link == "../lib/neuroscope/neuroscope")
    #expect(FileManager.default.isExecutableFile(atPath: home + "/neuroscope"))
    let unit = try String(
      contentsOfFile: folder + "/lib/systemd/system/neuroscope.service", encoding: .utf8)
    #expect(unit.contains("ExecStart=/usr/local/bin/neuroscope serve\n"))
    #expect(unit.contains("Type=notify\n") && unit.contains("DynamicUser=yes\n"))
    for path in [
      "share/bash-completion/completions/neuroscope", "share/zsh/site-functions/_neuroscope",
      "share/fish/vendor_completions.d/neuroscope.fish",
    ] {
      let text = try String(contentsOfFile: folder + "/" + path, encoding: .utf8)
      #expect(text.contains("install") && text.contains("models-dir"), "\(path)")
    }
  }
}
