internal import ArgumentParser
internal import Engine
internal import Tensors

/// `neuroscope bench kernels`: products of every weight type, beside what the machine can do at best.
struct BenchKernelsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kernels",
    abstract: "Products of every weight type, against the machine's bandwidth and peak.",
    discussion: """
      A figure is the best of the rounds. One row of activations is decoding, more are sessions side by side \
      or a prompt.
      """)

  @OptionGroup var engine: EngineFlags
  @OptionGroup var flags: BenchFlags
  @Option(help: "Rows of activations; repeatable.")
  var rows: [Int] = [1, 4, 512]
  @Option(help: "Weight types, such as Q4_1; repeatable. Default: all.")
  var type: [String] = []

  func validate() throws {
    guard rows.allSatisfy({ (1...4096).contains($0) }) else {
      throw ValidationError("--rows must be 1 to 4096")
    }
    for name in type where !KernelBench.typeNames.contains(name) {
      throw ValidationError(
        "--type can't be \(name); known: \(KernelBench.typeNames.joined(separator: ", "))")
    }
  }

  func run() async throws {
    let options = try engine.options()
    let bench = KernelBench(
      threads: options.threads, instructionSet: options.instructionSet, numerics: options.numerics,
      repeats: flags.rounds)
    let report = BenchReport(
      console: Console(), isJSON: flags.json, suite: "kernels",
      machine: BenchMachine(commit: flags.commit),
      setting: [
        "threads": String(options.threads), "instructions": options.instructionSet.rawValue,
        "numerics": bench.arithmetic.numerics.rawValue,
      ])
    report.begin()
    let machine = bench.machine()
    try report.show(
      BenchRow("memory, read", unit: "GB/s", rounds: [machine.readGigabytesPerSecond]))
    try report.show(
      BenchRow("arithmetic, peak", unit: "GFLOP/s", rounds: [machine.peakGigaflopsPerSecond]))
    for name in type.isEmpty ? KernelBench.typeNames : type {
      for row in bench.measure(name, activations: rows) ?? [] { try show(row, machine, report) }
    }
  }

  private func show(
    _ row: KernelBench.Row, _ machine: KernelBench.Machine, _ report: BenchReport
  ) throws {
    let name = "\(row.type) by \(row.activations) rows"
    try report.show(
      BenchRow(
        name, unit: "GB/s", rounds: [row.gigabytesPerSecond],
        against: ("memory, read", [machine.readGigabytesPerSecond])))
    try report.show(
      BenchRow(
        name, unit: "GFLOP/s", rounds: [row.gigaflopsPerSecond],
        against: ("arithmetic, peak", [machine.peakGigaflopsPerSecond])))
  }
}
