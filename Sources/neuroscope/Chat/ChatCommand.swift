internal import ArgumentParser
internal import Engine

/// `neuroscope chat`: a conversation in the terminal, with the layers at work and places to cut.
struct ChatCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chat",
    abstract: "Talk with a model, watch its layers, and take parts of it away.",
    discussion: """
      Each line of an answer begins with a strip of its last pass: one cell a layer, from dark (a short residual \
      stream) to bright (a long one). Ctrl-C ends an answer, and between answers the conversation.

      Commands, on a line of their own:
      \(ChatInput.commands.map { "  " + "\($0.name) \($0.argument)".padded(to: 18) + $0.summary }.joined(separator: "\n"))

      Examples:
        neuroscope chat
        neuroscope chat --hooks attention@10 --temperature 0
        printf 'What is the capital of France?\\n/ablate attention@all\\n/again\\n' | neuroscope chat --temperature 0
      """)

  @OptionGroup var model: ModelFlag
  @OptionGroup var engine: EngineFlags
  @OptionGroup var sampling: SamplingFlags

  @Option(help: "A system message before the conversation.")
  var system: String?
  @Option(
    help: ArgumentHelp(
      "Tensors to measure at every token, as /hook takes them.", valueName: "list"))
  var hooks: String?

  func run() async throws {
    let console = Console()
    let engine = Engine(options: try engine.options())
    // Before minutes go into a model that has no such hook.
    if let catalogue = try model.catalogue() { _ = try RunHooks(hooks ?? "", catalogue: catalogue) }
    let loaded = try await ModelLoading(console: console).load(
      model, into: engine, contextLength: nil)
    var session = try ChatSession(
      console: console, engine: engine, model: loaded, sampling: sampling,
      conversation: Conversation(system: system, hooks: hooks ?? ""))
    try await session.run()
  }
}
