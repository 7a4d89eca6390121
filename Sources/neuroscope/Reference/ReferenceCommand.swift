internal import HTTP
internal import ArgumentParser
internal import API

/// `neuroscope reference`: the interface in the terminal, with a line of curl for each operation.
struct ReferenceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reference",
    abstract: "Print the API reference, with a curl line for each operation.",
    discussion: """
      Without words, every operation in short. With words, the operations that have all of them in their method, \
      path, name, group or summary, with members and answers.

      Examples:
        neuroscope reference
        neuroscope reference /v1/runs
        neuroscope reference post hooks
        neuroscope reference events --server http://10.0.0.5:50111
      """)

  @Argument(help: "A route, or words to look for.")
  var words: [String] = []

  @Option(help: "The server that the curl lines ask.")
  var server = "http://127.0.0.1:8080"

  func run() throws {
    let document: ReferenceDocument
    do throws(Refusal) {
      document = try ReferenceDocument(.current())
    } catch {
      throw CommandFailure(error.reply.message)
    }
    let console = Console()
    let page = ReferencePage(document, server: server, hasColour: console.hasColour)
    for line in try page.lines(matching: words) { console.line(line) }
  }
}
