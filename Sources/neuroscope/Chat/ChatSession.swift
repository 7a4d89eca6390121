internal import Engine
internal import Foundation
internal import Synchronization
internal import Tokenizers
internal import UnixSignals

/// Takes line after line and answers each.
struct ChatSession {
  private let console: Console
  private let engine: Engine
  private let model: LoadedModel
  private let format: ChatFormat
  private let sampling: SamplingFlags
  private var conversation: Conversation
  private let interruption = Interruption()

  /// - Throws: ``CommandFailure`` where the model has no chat format.
  init(
    console: Console, engine: Engine, model: LoadedModel, sampling: SamplingFlags,
    conversation: Conversation
  ) throws {
    self.console = console
    self.engine = engine
    self.model = model
    self.sampling = sampling
    self.conversation = conversation
    do { format = try model.chat.get() } catch {
      throw CommandFailure(
        "\(model.info.id) can't take chat messages (\(error)); `neuroscope run --raw` continues texts"
      )
    }
  }

  /// Reads lines until the input ends or somebody leaves.
  mutating func run() async throws {
    let listening = interruption.listen()
    defer { listening.cancel() }
    if columns != nil {
      console.note("\(view.legend). /help lists the commands.")
    }
    while let line = nextLine() {
      do {
        guard try await take(ChatInput(line)) else { return }
      } catch let failure as CommandFailure {
        // Nothing of the conversation is lost by a mistake.
        console.note(failure.description)
      }
    }
  }

  private func nextLine() -> String? {
    if columns != nil, Fence.isTerminal(.input) { console.write("> ") }
    return readLine()
  }

  /// Columns of the terminal that shows the answers; nil where something else reads them.
  private var columns: Int? { Fence.columns(of: .output) }
  private var view: ChatView {
    ChatView(console: console, layers: model.info.layers, columns: columns)
  }

  /// - Returns: whether the conversation goes on.
  private mutating func take(_ input: ChatInput) async throws -> Bool {
    switch input {
    case .message(""): break
    case .message(let text):
      let question = conversation.state.messages + [ChatMessage(role: "user", content: text)]
      try await reply(to: question, taken: "the last message")
    case .again:
      guard let question = conversation.question else {
        throw CommandFailure("/again: nothing was said yet")
      }
      try await reply(to: question, taken: "the last answer")
    case .hook(let list): try hook(list)
    case .ablate(let list): try ablate(list)
    case .undo:
      guard let what = conversation.undo() else {
        throw CommandFailure("/undo: nothing to take back")
      }
      console.note("taken back: \(what)")
    case .new:
      conversation.clear()
      console.note("a new conversation")
    case .help:
      for command in ChatInput.commands {
        console.note(
          "\(command.name) \(command.argument)".padded(to: 18) + command.summary)
      }
    case .quit: return false
    }
    return true
  }

  private mutating func hook(_ list: String) throws {
    if !list.isEmpty {
      let hooks = list == "off" ? "" : list
      _ = try RunHooks(hooks, catalogue: model.catalogue, place: "/hook")
      conversation.step("/hook \(list)") { $0.hooks = hooks }
    }
    let hooks = conversation.state.hooks
    console.note(hooks.isEmpty ? "measured: nothing beside the strip" : "measured: \(hooks)")
  }

  private mutating func ablate(_ list: String) throws {
    if list == "off" {
      conversation.step("/ablate off") { $0.ablations = [] }
    } else if !list.isEmpty {
      let places = try Ablation.read(list, model.catalogue)
      conversation.step("/ablate \(list)") { state in
        for place in places where !state.ablations.contains(place) {
          state.ablations.append(place)
        }
      }
    }
    let names = conversation.state.ablations.map(\.name)
    console.note(names.isEmpty ? "ablated: nothing" : "ablated: \(names.joined(separator: ", "))")
  }

  /// Has the model answer, and remembers question and answer; where it can't, all is as before.
  private mutating func reply(to question: [ChatMessage], taken: String) async throws {
    let options = ChatOptions(time: Int64(Date().timeIntervalSince1970))
    let prompt: RenderedPrompt
    do { prompt = try format.render(question, options: options) } catch {
      throw CommandFailure("\(model.info.id) can't take these messages: \(error)")
    }
    let hooks = try RunHooks(
      conversation.state.hooks, catalogue: model.catalogue, place: "/hook")
    let request = GenerationRequest(
      model: model, tokens: prompt.tokens,
      maxTokens: sampling.tokens(behind: prompt.tokens.count, of: model),
      sampling: sampling.options, stopTokens: format.stopTokens,
      keepsSpecialText: format.writesChannels, captures: hooks.specs,
      interventions: conversation.state.ablations.map(\.intervention))
    let (events, sink) = RunSink.make()
    let generation: Generation
    do { generation = try await engine.start(request, sink: sink) } catch {
      throw CommandFailure(error)
    }
    interruption.isOf(generation)
    defer { interruption.isOf(nil) }
    let answer = try await show(events, hooks, ChatAnswer(format.outputParser(options, prompt)))
    conversation.step(taken) {
      $0.messages = question + [ChatMessage(role: "assistant", content: answer)]
    }
  }

  private func show(
    _ events: AsyncStream<GenerationEvent>, _ hooks: RunHooks, _ answer: ChatAnswer
  ) async throws -> String {
    var answer = answer
    var view = view
    var measured: RunMeasurement?
    for await event in events {
      switch event {
      case .captures(let batch): measured = RunMeasurement(batch, hooks)
      case .token(_, let token, let text, _, _):
        view.show(answer.append(token, text: text), measured)
        measured = nil
      case .text(let text): view.show(answer.append(text), nil)
      case .finished(let reason, let summary):
        view.show(answer.finish(), nil)
        view.finish()
        if columns != nil { console.note(summary.line(reason)) }
      case .failed(let error):
        view.finish()
        throw CommandFailure(error)
      default: break
      }
    }
    return answer.text
  }
}

/// What Ctrl-C ends: the answer under way, else the program.
private final class Interruption: Sendable {
  private let generation = Mutex<Generation?>(nil)

  func isOf(_ generation: Generation?) { self.generation.withLock { $0 = generation } }

  /// Listens until the task is cancelled.
  func listen() -> Task<Void, Never> {
    Task {
      for await _ in await UnixSignalsSequence(trapping: .sigint) {
        guard let generation = generation.withLock({ $0 }) else {
          Console().line()
          exit(130)
        }
        generation.cancel()
      }
    }
  }
}
