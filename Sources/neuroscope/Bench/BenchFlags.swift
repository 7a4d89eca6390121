internal import ArgumentParser

/// What all benchmarks take.
struct BenchFlags: ParsableArguments {
  @Option(name: .customLong("repeat"), help: "Rounds; each measures every variant once.")
  var rounds = 5
  @Flag(help: "Print one JSON object per row.")
  var json = false
  @Option(help: "The commit to name in the rows.")
  var commit = "unknown"

  func validate() throws {
    guard (1...1000).contains(rounds) else { throw ValidationError("--repeat must be 1 to 1000") }
  }
}
