/// How an answer looks while it comes: on a terminal in lines that begin with the strip of layers, elsewhere as plain text.
struct ChatView {
  private let console: Console
  private let layers: Int
  private let columns: Int?
  private var strip: RunHeatStrip
  /// Every so manieth layer has a cell, so that the strip leaves room for text.
  private let stride: Int
  private var lines: ChatLines
  private var drawn = ""
  /// The norms of each named tensor, pass by pass.
  private var norms: [(name: String, values: [Float])] = []

  /// - Parameter columns: of the terminal; nil where there is none.
  init(console: Console, layers: Int, columns: Int?) {
    self.console = console
    self.layers = layers
    self.columns = columns
    let room = max((columns ?? 80) / 3, 4)
    stride = (layers + room - 1) / room
    let shown = (layers + stride - 1) / stride
    strip = RunHeatStrip(layers: shown, hasColour: console.hasColour, cellWidth: 1)
    lines = ChatLines(columns: columns ?? 80, strip: shown + (console.hasColour ? 0 : 2))
    drawn = strip.draw([Float](repeating: 0, count: shown))
  }

  /// What the cells of the strip are.
  var legend: String {
    let each = stride == 1 ? "a cell a layer" : "a cell every \(stride) layers"
    return "\(each) of \(layers): how long the residual stream is behind it, dark to bright"
  }

  /// Shows what one token adds.
  mutating func show(_ text: String, _ measured: RunMeasurement?) {
    if let measured {
      let chosen = Swift.stride(from: 0, to: layers, by: stride)
      drawn = strip.draw(chosen.map { measured.residualNorms[$0] })
      for (index, tensor) in measured.tensors.enumerated() {
        if index == norms.count { norms.append((tensor.name, [])) }
        norms[index].values.append(tensor.norm)
      }
    }
    guard columns != nil else { return console.write(text) }
    console.write(lines.append(text, strip: drawn))
  }

  /// Ends the answer, and shows the norms of the named tensors over its tokens.
  mutating func finish() {
    console.write(columns == nil ? "\n" : lines.finish())
    for (name, values) in norms {
      let low = Figures.short(values.min() ?? 0)
      let high = Figures.short(values.max() ?? 0)
      let ends = "\(name)  norm \(low) to \(high)  "
      let room = max((columns ?? 80) - ends.count - 1, 8)
      console.line(ends + Sparkline.draw(values, columns: room))
    }
  }
}
