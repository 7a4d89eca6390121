internal import Hooks

/// What somebody typed: a message, or a command that begins with a slash.
enum ChatInput: Equatable {
  case message(String)
  case help
  /// Tensors to measure from now on; empty asks which are, `off` measures none.
  case hook(String)
  /// Places to take away from now on; empty asks which are, `off` gives all back.
  case ablate(String)
  /// The last message once more, with what is in force now.
  case again
  /// As it was before the last of all these.
  case undo
  case new
  case quit

  /// The commands as they are typed, with what follows and what they do.
  static let commands: [(name: String, argument: String, summary: String)] = [
    ("/hook", "LIST|off", "measure tensors at each token, such as residual@5,attention@all"),
    ("/ablate", "LIST|off", "set to zero: head@5.2, attention@3, mlp@all, blocks.3.hook_mlp_out"),
    ("/again", "", "answer the last message once more, with what is measured and ablated now"),
    ("/undo", "", "take back the last message, hook or ablation"),
    ("/new", "", "begin a new conversation; hooks and ablations stay"),
    ("/help", "", "this list; a message that begins with a slash is typed with two"),
    ("/quit", "", "leave (as the end of the input does)"),
  ]

  /// - Throws: ``CommandFailure`` for a command that there is not, naming the nearest.
  init(_ line: String) throws {
    let line = line.trimmingBlanks
    guard line.hasPrefix("/") else {
      self = .message(line)
      return
    }
    guard !line.hasPrefix("//") else {
      self = .message(String(line.dropFirst()))
      return
    }
    let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
    let argument = parts.count > 1 ? parts[1].trimmingBlanks : ""
    let names = Self.commands.map(\.name)
    guard let name = parts.first, let known = Self.commands.first(where: { $0.name == name }) else {
      let nearest = nearestNames(to: parts.first ?? "", in: names).joined(separator: ", ")
      throw CommandFailure("no command \(parts.first ?? ""); nearest: \(nearest); /help lists all")
    }
    guard argument.isEmpty || !known.argument.isEmpty else {
      throw CommandFailure("\(name) takes nothing behind it, found \(argument)")
    }
    switch name {
    case "/hook": self = .hook(argument)
    case "/ablate": self = .ablate(argument)
    case "/again": self = .again
    case "/undo": self = .undo
    case "/new": self = .new
    case "/quit": self = .quit
    default: self = .help
    }
  }
}
