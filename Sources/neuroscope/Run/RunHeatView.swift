internal import Engine

/// A line per token: the heat strip of its pass, then its text; at the end the whole answer.
struct RunHeatView: RunView {
  private let console: Console
  private let hooks: RunHooks
  private let layers: Int
  private var strip: RunHeatStrip
  private var measured: RunMeasurement?
  private var answer = ""

  init(console: Console, hooks: RunHooks, layers: Int) {
    self.console = console
    self.hooks = hooks
    self.layers = layers
    strip = RunHeatStrip(layers: layers, hasColour: console.hasColour)
  }

  mutating func begin() {
    console.line(dim(strip.ruler(layers: layers) + "  layer; token"))
  }

  mutating func show(_ event: GenerationEvent) throws {
    switch event {
    case .captures(let batch): measured = RunMeasurement(batch, hooks)
    case .token(_, _, let text, _, _): show(text)
    case .text(let text): answer += text
    case .finished(let reason, let summary):
      console.line()
      console.line(answer)
      console.note(summary.line(reason))
    case .failed(let error): throw CommandFailure(error)
    default: break
    }
  }

  private mutating func show(_ text: String) {
    answer += text
    guard let measured else { return console.write(text) }
    console.line("\(strip.draw(measured.residualNorms))  \(text.onOneLine)")
    for tensor in measured.tensors { console.line(dim("    " + line(tensor))) }
    self.measured = nil
  }

  private func line(_ tensor: RunMeasurement.Tensor) -> String {
    "\(tensor.name)  \(tensor.shape)  norm \(Figures.short(tensor.norm))  "
      + "min \(Figures.short(tensor.min))  max \(Figures.short(tensor.max))"
  }

  private func dim(_ text: String) -> String {
    console.hasColour ? "\u{1B}[2m\(text)\u{1B}[0m" : text
  }
}
