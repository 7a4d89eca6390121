internal import ArgumentParser
internal import API

/// The command line: one subcommand per way to use the program.
@main
struct NeuroScope: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "neuroscope",
    abstract: "Runs a language model on the CPU and shows its layers at work.",
    discussion: """
      Without --model, every command uses the model that comes with the program. Options can also be set by \
      environment variables: NEUROSCOPE_MODEL, NEUROSCOPE_THREADS and so on, as each option's help says.
      """,
    version: version,
    subcommands: [
      Serve.self,
      RunCommand.self,
      InspectCommand.self,
      BenchCommand.self,
      DemoCommand.self,
      ReplayCommand.self,
      Pull.self,
      ReferenceCommand.self,
    ])

  static let version = Version.text
}
