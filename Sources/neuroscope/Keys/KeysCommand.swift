internal import API
internal import ArgumentParser
internal import Foundation
internal import HTTP
internal import Hooks
internal import Loops

/// `neuroscope keys`: who may use a server.
struct KeysCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys",
    abstract: "Make, list and revoke the keys of a server.",
    discussion: """
      Keys are kept in a file, their secrets as hashes alone. A server that was started with --keys FILE reads it again on \
      SIGHUP and by POST /v1/keys/reload. Scopes: read (to look), run (to have models compute), intervene (to change \
      passes), record (to keep recordings), admin (everything).

      Examples:
        neuroscope keys add class --keys keys.json --scope read --scope run --days 90
        neuroscope keys add student --keys keys.json --limit runs=2 --limit tokens_per_minute=20000
        neuroscope keys list --keys keys.json
        neuroscope keys revoke class --keys keys.json && kill -HUP $(pidof neuroscope)
        neuroscope serve --keys keys.json --host 0.0.0.0
      """,
    subcommands: [Add.self, List.self, Revoke.self])

  /// Which file.
  struct FileFlag: ParsableArguments {
    @Option(
      help: ArgumentHelp("The file of keys (NEUROSCOPE_KEYS).", valueName: "file"),
      completion: .file())
    var keys: String?

    /// Its path.
    func path() throws -> String {
      guard let path = try Settings().value(keys, .keys) else {
        throw ValidationError("name the file with --keys")
      }
      return path
    }

    /// The file as it is, or one to be made.
    func file(isNew: Bool = false) throws -> KeyFile {
      let path = try path()
      if isNew, !FileManager.default.fileExists(atPath: path) { return KeyFile(newAt: path) }
      return try worded { () throws(KeyFileError) in try KeyFile(reading: path) }
    }
  }

  /// `neuroscope keys add`.
  struct Add: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a key and print its secret, once: only its hash is kept.")

    @Argument(help: "Its name: 1 to 64 letters, digits or . _ - @.") var name: String
    @OptionGroup var file: FileFlag
    @Option(help: "What it may be used for; repeatable. Default: read and run.")
    var scope: [Scope] = [.read, .run]
    @Option(
      help: ArgumentHelp(
        "What it may have at most, repeatable: \(ClientLimits.Name.listed).",
        valueName: "name=number"))
    var limit: [String] = []
    @Option(help: "Days until it ends. Default: never.") var days: Int?

    func run() throws {
      guard AccessKey.isName(name) else {
        throw ValidationError("\(name) can't be a name: 1 to 64 letters, digits or . _ - @")
      }
      guard days.map({ (1...36_500).contains($0) }) ?? true else {
        throw ValidationError("--days must be from 1 to 36500")
      }
      let limits = try ClientLimits(arguments: limit)
      let secret = AccessKey.makeSecret()
      let now = Int(Date().timeIntervalSince1970)
      var keys = try file.file(isNew: true)
      try worded { () throws(KeyFileError) in
        try keys.add(
          AccessKey(
            name: name, secret: secret, scopes: Set(scope), expiry: days.map { now + $0 * 86_400 },
            limits: limits))
        try keys.write()
      }
      Console().line(secret)
    }
  }

  /// `neuroscope keys list`.
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the keys of a file.")

    @OptionGroup var file: FileFlag

    func run() throws {
      let console = Console()
      let now = Int(Date().timeIntervalSince1970)
      for key in try file.file().keys {
        let scopes = Scope.allCases.filter(key.scopes.contains).map(\.rawValue)
        let end = key.expiry.map { (now < $0 ? "until " : "over since ") + AccessKey.text($0) }
        let limits = key.limits.all.map { "  \($0.name.rawValue)=\($0.value)" }.joined()
        console.line(
          "\(key.name)  \(scopes.joined(separator: ","))  \(end ?? "without end")\(limits)")
      }
    }
  }

  /// `neuroscope keys revoke`.
  struct Revoke: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Take a key away.")

    @Argument(help: "Its name.") var name: String
    @OptionGroup var file: FileFlag

    func run() throws {
      var keys = try file.file()
      try worded { () throws(KeyFileError) in
        try keys.revoke(name)
        try keys.write()
      }
    }
  }
}

/// Does something with a file of keys; what is wrong with it becomes a sentence.
func worded<Result>(_ body: () throws(KeyFileError) -> Result) throws -> Result {
  do { return try body() } catch { throw CommandFailure(error.sentence) }
}

extension Scope: ExpressibleByArgument {}

extension ClientLimits {
  /// Reads `runs=4` and its like.
  init(arguments: [String]) throws {
    self.init()
    for argument in arguments {
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts.first ?? "")
      guard let known = Name(rawValue: name) else {
        let nearest = nearestNames(to: name, in: Name.allCases.map(\.rawValue))
        throw ValidationError(
          "there is no limit \(name.debugDescription); nearest: \(nearest.joined(separator: ", "))")
      }
      guard parts.count == 2, let value = Int(parts[1]), (1...1 << 53).contains(value) else {
        throw ValidationError("--limit \(name) needs a whole number from 1 on, as \(name)=4")
      }
      self[known] = value
    }
  }
}

extension ClientLimits.Name {
  /// All of them in words.
  static var listed: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
