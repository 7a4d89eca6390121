internal import ArgumentParser
internal import Engine
internal import Frames
internal import JSON
internal import Hooks

/// `neuroscope bench frames`: how fast real activations become frames, and how much smaller they get.
struct BenchFramesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "frames",
    abstract: "Encoding and decoding of frames, on the model's own activations.")

  @OptionGroup var model: ModelFlag
  @OptionGroup var engine: EngineFlags
  @OptionGroup var flags: BenchFlags
  @Option(help: "Prompt tokens whose residual stream is encoded.")
  var prompt = 256

  func validate() throws {
    guard (1...4096).contains(prompt) else { throw ValidationError("--prompt must be 1 to 4096") }
  }

  func run() async throws {
    let console = Console()
    var options = try engine.options()
    options.contextLength = prompt + 8
    let engine = Engine(options: options)
    let loaded = try await ModelLoading(console: console).load(
      model, into: engine, contextLength: options.contextLength)
    let batches = try await BenchRunner(engine: engine, model: loaded).captures(
      tokens: prompt, capture: .residual)
    let report = BenchReport(
      console: console, isJSON: flags.json, suite: "frames",
      machine: BenchMachine(commit: flags.commit),
      setting: ["model": loaded.info.id, "tensors": "residual stream of a prompt, all layers"])
    report.begin()
    guard let batch = batches.first else { return }
    for type in [FrameElementType.float32, .float16, .bfloat16, .int8Blocks] {
      for codec in [FrameCodec.raw, .deflate, .planes] {
        try measure(batch, type, codec, report)
      }
    }
    report.remark(
      "GB/s count the float32 numbers that go in or come out; the size is of all frames together.")
  }

  private func measure(
    _ batch: CaptureBatch, _ type: FrameElementType, _ codec: FrameCodec, _ report: BenchReport
  ) throws {
    let encoder = try FrameEncoder()
    let inputBytes = batch.items.reduce(0) { $0 + $1.count * 4 }
    var encoding: [Double] = []
    var decoding: [Double] = []
    var frameBytes = 0
    for round in 0...flags.rounds {
      let begin = ContinuousClock.now
      var frames: [FrameBytes] = []
      for item in batch.items {
        let frame = TensorFrame(elementType: type, codec: codec, shape: [1] + item.dimensions)
        frames.append(try batch.withValues(of: item) { try encoder.encode($0, as: frame) })
      }
      let middle = ContinuousClock.now
      for frame in frames { _ = try frame.values() }
      // The first round warms caches and memory up.
      guard round > 0 else { continue }
      encoding.append(Double(inputBytes) / ((middle - begin) / .seconds(1)) / 1e9)
      decoding.append(Double(inputBytes) / ((ContinuousClock.now - middle) / .seconds(1)) / 1e9)
      frameBytes = frames.reduce(0) { $0 + $1.bytes.count }
    }
    let share = Figures.short(Double(frameBytes) / Double(max(inputBytes, 1)))
    let name = "\(type.name), \(codec.name)"
    try report.show(BenchRow("encode \(name), size × \(share)", unit: "GB/s", rounds: encoding))
    try report.show(BenchRow("decode \(name)", unit: "GB/s", rounds: decoding))
  }
}
