internal import Streams
internal import Frames
internal import JSON
internal import API
internal import Runs

/// A line per token, the norms of its pass's tensors beside it; other events in a line each.
struct ReplayHeatView: ReplayView {
  private let console: Console
  private var strip: RunHeatStrip?
  private var layers = 0
  /// Norms of the pass by layer, 0 where a layer has none, and those of tensors that are not in the picture.
  private var norms: [Float] = []
  private var others: [String] = []
  private var answer = ""

  init(_ console: Console) { self.console = console }

  mutating func show(_ item: TopicItem) throws {
    let event = try JSONValue(parsing: item.text)
    switch item.type {
    case "run.started": begin(event)
    case "hooks.changed": take(event["hooks"]?.array ?? [])
    case "activation": measure(item, event)
    case "token": showToken(event["text"]?.string ?? "")
    case "text": answer += event["text"]?.string ?? ""
    case "prompt.progress": break
    case "run.finished":
      console.line("\n" + answer)
      console.note("ended by \(event["finish_reason"]?.string ?? "nothing")")
    default: console.line(dim("  · " + Self.line(item.type, event)))
    }
  }

  private mutating func begin(_ event: JSONValue) {
    let pieces = event["prompt"]?["pieces"]?.array ?? []
    console.line(dim(pieces.compactMap(\.string).joined().onOneLine))
    take(event["hooks"]?.array ?? [])
  }

  /// Learns how many layers there are to draw.
  private mutating func take(_ hooks: [JSONValue]) {
    let highest = hooks.filter(Self.isDrawn).compactMap { $0["layer"]?.integer }.max() ?? -1
    guard highest >= layers, highest < 1 << 12 else { return }
    layers = Int(highest) + 1
    let strip = RunHeatStrip(layers: layers, hasColour: console.hasColour)
    console.line(dim(strip.ruler(layers: layers) + "  layer; token"))
    self.strip = strip
    norms = Array(repeating: 0, count: layers)
  }

  /// The residual stream behind the layers is the picture.
  private static func isDrawn(_ hook: JSONValue) -> Bool {
    hook["component"]?.string == "residual" && hook["is_input"]?.bool == false
  }

  private mutating func measure(_ item: TopicItem, _ event: JSONValue) {
    guard let frame = item.activation?.frame, let values = try? frame.values()
    else { return }
    // The last row is the pass's last position; a hook reduced to norms has rows of one number.
    let isReduced = frame.frame.kind == .reduction
    let width = isReduced ? 1 : frame.frame.shape.last ?? 1
    let row = values.suffix(max(width, 1))
    let norm = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
    if Self.isDrawn(event), let layer = frame.frame.layer, layer < layers {
      norms[Int(layer)] = norm
    } else {
      let shape = frame.frame.shape.map(String.init).joined(separator: "×")
      others.append(
        "\(event["hook_id"]?.string ?? "")  [\(shape)]  norm \(Figures.short(norm))".onOneLine)
    }
  }

  private mutating func showToken(_ text: String) {
    answer += text
    if norms.contains(where: { $0 > 0 }), let picture = strip?.draw(norms) {
      console.line("\(picture)  \(text.onOneLine)")
    } else {
      console.line(text.onOneLine)
    }
    for line in others { console.line(dim("    " + line)) }
    norms = Array(repeating: 0, count: layers)
    others = []
  }

  /// An event as its type and the members that are not every event's.
  private static func line(_ type: String, _ event: JSONValue) -> String {
    let envelope: Set = ["type", "run_id", "seq", "time_ms"]
    let members = (event.members ?? []).filter { !envelope.contains($0.name) }
    var writer = JSONWriter()
    writer.value(JSONValue(members: members))
    return "\(type) \(String(decoding: writer.bytes, as: UTF8.self))".onOneLine
  }

  private func dim(_ text: String) -> String {
    console.hasColour ? "\u{1B}[2m\(text)\u{1B}[0m" : text
  }
}
