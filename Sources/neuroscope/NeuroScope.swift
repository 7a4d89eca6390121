internal import ArgumentParser
internal import API
internal import Tensors

/// The command line: one subcommand per way to use the program.
@main
struct NeuroScope: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "neuroscope",
    abstract: "Runs a language model on the CPU and shows its layers at work.",
    discussion: """
      Without --model, every command uses the model that comes with the program. Options can also be set by \
      environment variables: NEUROSCOPE_MODEL, NEUROSCOPE_THREADS and so on, as each option's help says. A server's can stand in a file, \
      see `neuroscope config`.
      """,
    version: version,
    subcommands: [
      Serve.self,
      RunCommand.self,
      ChatCommand.self,
      InspectCommand.self,
      GraphCommand.self,
      BenchCommand.self,
      DemoCommand.self,
      ReplayCommand.self,
      Pull.self,
      ListCommand.self,
      PsCommand.self,
      KeysCommand.self,
      ConfigCommand.self,
      ReferenceCommand.self,
      InstallCommand.self,
    ])

  /// The version alone on the first line, for scripts; then what it was built from and what it computes with here.
  static let version = """
    \(Version.text)
    commit: \(Version.commit ?? "unknown")
    kernels: \(InstructionSet.best), of \(InstructionSet.available.map { "\($0)" }.joined(separator: ", "))
    """
}
