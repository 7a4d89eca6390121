import Testing

/// Who may see whom.
@Suite struct ArrowTests {
  @Test func `a file imports only what its room may see`() {
    for file in SourceTree.sources {
      let allowed = Floors.all[file.room] ?? []
      for module in file.imports {
        let isAllowed =
          allowed.contains(module) || Floors.toolchain.contains(module)
          || Floors.packages[module]?.contains(file.room) == true
        #expect(
          isAllowed,
          "\(file) imports \(module): no arrow leads there. Move the code, or draw the arrow in Floors.swift and Sources/README.md."
        )
      }
    }
  }

  @Test func `every folder of Sources is a room with a floor, and the reverse`() {
    let folders = SourceTree.names(in: "Sources").filter { !$0.contains(".") }
    #expect(folders == Floors.all.keys.sorted())
  }

  @Test func `arrows never lead in a circle`() {
    for room in Floors.all.keys {
      #expect(!reachable(from: room).contains(room), "\(room) can reach itself")
    }
  }

  @Test func `the manifest's arrows are the floors' arrows`() throws {
    let manifest = try #require(SourceTree.file("Package.swift"))
    for (room, dependencies) in manifest.rooms {
      let allowed = try #require(Floors.all[room], "\(room) has no floor")
      for dependency in dependencies where Floors.all[dependency] != nil {
        #expect(allowed.contains(dependency), "Package.swift lets \(room) see \(dependency)")
      }
    }
    #expect(manifest.rooms.count >= 12, "the manifest was not understood")
  }

  @Test func `the house is drawn with all its rooms`() throws {
    let drawing = try #require(SourceTree.file("Sources/README.md"))
    let text = drawing.lines.joined(separator: "\n")
    for room in Floors.all.keys {
      #expect(text.contains("`\(room)`"), "Sources/README.md does not mention \(room)")
    }
  }

  @Test func `no SwiftNIO`() {
    for file in SourceTree.sources + SourceTree.tests {
      #expect(!file.imports.contains { $0.hasPrefix("NIO") }, "\(file)")
    }
  }

  @Test func `only fences see the C libraries they fence`() {
    for file in SourceTree.sources where !file.name.hasPrefix("Fence+") {
      for module in file.imports {
        #expect(
          !Floors.fenced.contains(module),
          "\(file) imports \(module); put the call into its room's Fence+… file")
      }
    }
  }

  private func reachable(from room: String) -> Set<String> {
    var found: Set<String> = []
    var open = Array(Floors.all[room] ?? [])
    while let next = open.popLast() {
      if found.insert(next).inserted { open += Floors.all[next] ?? [] }
    }
    return found
  }
}

extension SourceFile {
  /// The modules a file imports.
  var imports: [String] {
    code.compactMap { line in
      let words = line.split(whereSeparator: { $0 == " " || $0 == "(" })
      guard let place = words.firstIndex(of: "import"), place <= 2 else { return nil }
      let kinds: Set<Substring> = [
        "struct", "class", "enum", "protocol", "func", "var", "typealias",
      ]
      let module = words[(place + 1)...].first { !kinds.contains($0) }
      return module.map { String($0.prefix { $0 != "." }) }
    }
  }

  /// A manifest's `room("Name", ["Dependency", …])` lines.
  var rooms: [String: [String]] {
    let text = lines.joined(separator: " ")
    var rooms: [String: [String]] = [:]
    for part in text.split(separator: "room(").dropFirst() {
      let quoted = part.prefix { $0 != ")" }.split(
        separator: "\"", omittingEmptySubsequences: false)
      // Every second piece stands between quotation marks.
      let names = stride(from: 1, to: quoted.count, by: 2).map { String(quoted[$0]) }
      if let room = names.first, Floors.all[room] != nil { rooms[room] = Array(names.dropFirst()) }
    }
    return rooms
  }
}
