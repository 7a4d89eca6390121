internal import Engine
internal import API
internal import HTTP
internal import Sockets

/// What the server says when it is up: where it is, what it serves, what to type next.
struct Greeting {
  let server: Server
  let model: LoadedModel?

  func print(_ console: Console) {
    for line in lines { console.line(line) }
  }

  /// Where the page is served.
  var pages: [String] {
    server.addresses.compactMap { address in
      if case .unix = address { nil } else { place("/", at: address) }
    }
  }

  private func place(_ path: String, at address: SocketAddress) -> String {
    let options = server.service.options
    return "\(options.scheme)://\(address)\(options.basePath.place(path))"
  }

  var lines: [String] {
    var lines = ["NeuroScope \(Version.text)"]
    if let info = model?.info {
      let stored = info.quantization ?? "F32"
      lines.append(
        "  model   \(info.id): \(info.family), \(info.layers) layers of \(info.hiddenSize), "
          + "\(Figures.count(info.parameterCount)) parameters, \(stored), context \(info.contextLength)"
      )
    } else {
      lines.append("  model   none; load one with POST /v1/models/load")
    }
    for address in server.addresses {
      if case .unix(let path) = address {
        lines.append("  socket  \(path)")
      } else {
        lines.append("  page    \(place("/", at: address))")
      }
    }
    if let address = server.addresses.first(where: { $0.port != nil }) {
      lines.append(
        "  stream  curl -N \(place("/v1/chat/completions", at: address)) -d '{\"stream\":true,"
          + "\"messages\":[{\"role\":\"user\",\"content\":\"What is the capital of France?\"}]}'")
    }
    return lines
  }
}
