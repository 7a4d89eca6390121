internal import API
internal import ArgumentParser
internal import Engine
internal import Foundation
internal import HTTP
internal import Interpretability
internal import Tokenizers

/// `neuroscope graph`: what made a prompt's next token, as a file.
struct GraphCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "graph",
    abstract: "Follow a prompt's next token back to what made it.",
    discussion: """
      Writes an attribution graph that Neuronpedia and circuit-tracer read: from the likeliest next tokens back \
      through heads to the prompt's tokens and the feed-forward parts, attention patterns and norms held fixed.

      Examples:
        neuroscope graph "When Mary and John went to the store, John gave a drink to" --out graph.json
        neuroscope graph --chat "What is the capital of France?" --out graph.json
      """)

  @Argument(help: "The text whose next token is followed back.")
  var prompt: String

  @OptionGroup var model: ModelFlag
  @OptionGroup var engine: EngineFlags

  @Option(help: ArgumentHelp("Where the graph is written.", valueName: "file"))
  var out: String
  @Flag(help: "Put the prompt into the model's chat format.")
  var chat = false
  @Option(help: "The share of influence that the kept nodes have.")
  var nodeThreshold = 0.8
  @Option(help: "The share of influence that the kept links have.")
  var edgeThreshold = 0.98
  @Option(help: "Nodes besides tokens and logits, at most.")
  var maxNodes: Int?

  func validate() throws {
    for (name, value) in [("node", nodeThreshold), ("edge", edgeThreshold)] {
      guard (0...1).contains(value) else {
        throw ValidationError("--\(name)-threshold must be from 0 to 1")
      }
    }
    guard maxNodes.map({ $0 > 0 }) ?? true else {
      throw ValidationError("--max-nodes must be at least 1")
    }
  }

  func run() async throws {
    let console = Console()
    let engine = Engine(options: try engine.options())
    let loaded = try await ModelLoading(console: console).load(
      model, into: engine, contextLength: nil)
    let file: GraphFile
    do {
      file = try await GraphFile.make(
        of: try tokens(loaded), nodeThreshold: nodeThreshold, edgeThreshold: edgeThreshold,
        mostNodes: maxNodes, slug: slug, on: engine, loaded, budget: 1 << 30,
        created: Int(Date().timeIntervalSince1970))
    } catch let refusal as Refusal { throw CommandFailure(refusal.reply.message) }
    do { try Data(file.bytes).write(to: URL(fileURLWithPath: out)) } catch {
      throw CommandFailure("\(out) can't be written: \(error.localizedDescription)")
    }
    for target in file.graph.targets {
      console.line(
        "\(loaded.tokenizer.piece(target.token))  \(Figures.short(Double(target.probability)))")
    }
    for head in file.graph.heaviestHeads(10) {
      console.line(
        "head \(head.layer).\(head.head)  \(Figures.short(Double(head.influence)))")
    }
    console.note(
      "\(out): \(file.graph.nodeCount) nodes, \(file.graph.links.count) links, \(file.bytes.count) bytes"
    )
  }

  /// The file's name without what viewers don't take.
  private var slug: String {
    let name = URL(fileURLWithPath: out).deletingPathExtension().lastPathComponent
    let plain = name.map {
      $0.isASCII && ($0.isLetter || $0.isNumber || "_.-".contains($0)) ? $0 : "-"
    }
    return plain.isEmpty ? "graph" : String(plain)
  }

  private func tokens(_ loaded: LoadedModel) throws -> [Token] {
    guard chat else { return try loaded.tokenizer.encode(prompt: prompt) }
    do {
      let time = Int64(Date().timeIntervalSince1970)
      return try loaded.chat.get().render(
        [ChatMessage(role: "user", content: prompt)], options: ChatOptions(time: time)
      ).tokens
    } catch {
      throw CommandFailure(
        "\(loaded.info.id) can't take chat messages (\(error)); leave --chat out")
    }
  }
}
