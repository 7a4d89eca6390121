import Testing

@testable import neuroscope

@Suite struct ChatInputTests {
  @Test(arguments: [
    ("Hello", ChatInput.message("Hello")), ("  Hello  ", .message("Hello")), ("", .message("")),
    ("//etc is a folder", .message("/etc is a folder")), ("/hook", .hook("")),
    ("/hook residual@5, mlp@all", .hook("residual@5, mlp@all")), ("/ablate   off ", .ablate("off")),
    ("/again", .again), ("/undo", .undo), ("/new", .new), ("/help", .help), ("/quit", .quit),
  ])
  func `a line is a message, or a command with what stands behind it`(
    line: String, input: ChatInput
  ) throws {
    #expect(try ChatInput(line) == input)
  }

  @Test func `every command of the list is one`() throws {
    for command in ChatInput.commands { _ = try ChatInput(command.name) }
  }

  @Test func `a command that there is not is refused with the nearest`() {
    #expect { try ChatInput("/ablat head@5.2") } throws: {
      "\($0)".contains("/ablat") && "\($0)".contains("/ablate")
    }
    #expect { try ChatInput("/undo all") } throws: { "\($0)".contains("found all") }
  }
}
