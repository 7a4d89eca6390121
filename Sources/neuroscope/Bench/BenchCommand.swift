internal import ArgumentParser

/// `neuroscope bench`: how fast this build is on this machine.
struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure speed: the model, kernels, frames, the server; and what fast numerics cost.",
    discussion: """
      Prints medians with their spread, and the machine and build they belong to. Build with -c release \
      and keep the machine quiet, or the figures say nothing.

      Examples:
        neuroscope bench
        neuroscope bench --model model.gguf --prompt 512 --generate 128 --capture residual
        neuroscope bench --batch 4 --threads 2 --json
        neuroscope bench frames
        neuroscope bench numerics --model model.gguf
        neuroscope bench server --capture components --viewers 4
      """,
    subcommands: [
      BenchModelCommand.self, BenchKernelsCommand.self, BenchFramesCommand.self,
      BenchServerCommand.self, BenchNumericsCommand.self,
    ],
    defaultSubcommand: BenchModelCommand.self)
}
