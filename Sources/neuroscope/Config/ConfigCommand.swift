internal import ArgumentParser

/// `neuroscope config`: what a server would be started with.
struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config",
    abstract: "Check the options of a server, and show where each comes from.",
    discussion: """
      A server's options come from the command line, or else from the environment, or else from the file of --config: one \
      JSON object with the same names without the dashes. An option that does not exist is refused.

      Examples:
        echo '{"port": 8081, "models-dir": ["/srv/models"], "strict": true}' > server.json
        neuroscope config check --config server.json
        NEUROSCOPE_PORT=9000 neuroscope config show --config server.json --threads 4
        neuroscope serve --config server.json
      """,
    subcommands: [Check.self, Show.self])

  /// `neuroscope config check`.
  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say whether a server could be started with these options.")

    @OptionGroup var flags: ServeFlags

    func run() throws {
      let settings = try flags.settings()
      _ = try flags.setup(settings)
      let set = settings.notes.count { $0.source != .none }
      Console().line(set == 1 ? "1 option is set, and fine" : "\(set) options are set, and fine")
    }
  }

  /// `neuroscope config show`.
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print every option with its value and where that comes from.")

    @OptionGroup var flags: ServeFlags

    func run() throws {
      let settings = try flags.settings()
      _ = try flags.setup(settings)
      Console().write(Self.table(settings.notes))
    }

    /// One line an option: its name, its value, its source.
    static func table(_ notes: [Settings.Note]) -> String {
      let rows = notes.sorted { $0.name.rawValue < $1.name.rawValue }.map { note in
        (note.name.rawValue, note.text ?? "-", source(of: note))
      }
      let names = rows.map(\.0.count).max() ?? 0
      let values = min(rows.map(\.1.count).max() ?? 0, 40)
      return rows.map { name, value, source in
        name.padded(to: names) + "  " + value.padded(to: values) + "  " + source + "\n"
      }.joined()
    }

    private static func source(of note: Settings.Note) -> String {
      switch note.source {
      case .commandLine: note.name.flag
      case .environment: note.name.variable
      case .file(let path): path
      case .none: "default"
      }
    }
  }
}
