import Foundation
import Testing

@testable import Checkpoints

/// Every name of transformers' configuration classes and of gguf-py is read, without effect, or refused.
struct ConfigurationKeysTests {
  struct Library: Decodable {
    struct Member: Decodable {
      let `default`: Literal?
      let nullable: Bool
    }

    let every: [String]
    let sampling: [String]
    let families: [String: [String: Member]]
    let aliases: [String: [String: String]]
    let wrappers: [String: [String: Member]]
    let rope: [String]
    let gguf: [String]
    /// The names of PEFT's `LoraConfig`.
    let peft: [String]
  }

  /// A default as JSON has it.
  enum Literal: Decodable, Equatable {
    case bool(Bool)
    case number(Double)
    case string(String)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let flag = try? container.decode(Bool.self) {
        self = .bool(flag)
      } else if let number = try? container.decode(Double.self) {
        self = .number(number)
      } else {
        self = .string(try container.decode(String.self))
      }
    }

    init?(_ value: ConfigurationFields.Value) {
      switch value {
      case .bool(let flag): self = .bool(flag)
      case .integer(let whole): self = .number(Double(whole))
      case .number(let number): self = .number(number)
      case .string(let text): self = .string(text)
      default: return nil
      }
    }
  }

  /// What `Tests/References/configurations/make_keys.py` read from the libraries.
  private let library: Library

  init() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appending(path: "../References/configurations/keys.json")
    library = try JSONDecoder().decode(Library.self, from: Data(contentsOf: file))
  }

  @Test func `every family is one that the library describes`() {
    #expect(Set(Architecture.all.map(\.name)) == Set(library.families.keys))
  }

  @Test(arguments: Architecture.all.map(\.name))
  func `every key of a family is accounted for, with the library's default`(name: String) throws {
    let keys = try #require(Architecture.traits(of: name)).keys
    let members = try #require(library.families[name])
    for key in library.every + library.sampling + Array(members.keys) {
      #expect(keys.knows(key), "\(name).\(key) is in none of the three parts")
    }
    for (key, member) in members {
      guard let standard = keys.used[key] else { continue }
      #expect(standard.value.flatMap(Literal.init) == member.default, "\(name).\(key)")
      if case .value = standard {
        #expect(!member.nullable, "\(name).\(key) may be null")
      } else {
        #expect(member.nullable, "\(name).\(key) may not be null")
      }
    }
    let aliases = try #require(library.aliases[name])
    #expect(keys.aliases == aliases)
  }

  @Test func `every key of an adapter's configuration is accounted for`() {
    #expect(library.peft.count > 30)
    for key in library.peft { #expect(ConfigurationKeys.peft.knows(key), "\(key)") }
  }

  @Test func `every key around a text model is accounted for`() {
    for key in library.every + library.wrappers.values.flatMap(\.keys) {
      #expect(ConfigurationKeys.wrapper.knows(key), "\(key)")
    }
  }

  @Test func `every member of a set of rotary parameters belongs to a kind`() {
    let known = RopeSet.ofKind.values.reduce(RopeSet.ofAny) { $0.union($1) }
    // Sections are for pictures; a text model's file with them is listed.
    #expect(Set(library.rope).subtracting(known) == ["mrope_section"])
  }

  @Test(arguments: Architecture.all.map(\.name))
  func `every GGUF key is read, refused or without effect`(name: String) {
    let keys = ConfigurationKeys.ggufOfFamily[name] ?? .gguf
    for key in library.gguf {
      #expect(keys.knows(key) || ConfigurationKeys.ggufElsewhere.contains(key), "\(key)")
    }
  }

  @Test func `no key is in two parts`() {
    for keys in Architecture.all.map(\.keys) + [.wrapper, .gguf] {
      let parts = [Set(keys.used.keys), Set(keys.fixed.keys), keys.idle, Set(keys.aliases.keys)]
      #expect(parts.reduce(0) { $0 + $1.count } == parts.reduce(Set()) { $0.union($1) }.count)
    }
  }
}
