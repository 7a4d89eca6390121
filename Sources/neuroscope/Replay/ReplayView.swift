internal import Streams
internal import API

/// A way to show a recorded stream in the terminal.
protocol ReplayView {
  mutating func show(_ item: TopicItem) throws
}

/// Every item as the line of JSON that viewers were sent.
struct ReplayJSONView: ReplayView {
  let console: Console
  let tensors: ReplayTensors

  func show(_ item: TopicItem) {
    console.line(String(decoding: item.text(tensors.form), as: UTF8.self))
  }
}
