import Hooks
import TestKit
import Testing
import Tokenizers

@testable import neuroscope

@Suite struct ConversationTests {
  private static let catalogue = HookCatalogue(
    layers: 4, hiddenSize: 8, heads: 2, keyValueHeads: 1, headDimension: 4, vocabularySize: 16,
    neurons: 12, experts: 0, expertsPerToken: 0, sites: Set(HookSite.allCases), family: "llama")

  @Test(arguments: 0..<50)
  func `undoing as many steps as were made leads back through every state`(seed: UInt64) throws {
    var chance = SeededGenerator(seed: seed)
    var conversation = Conversation(system: seed % 2 == 0 ? "Be brief" : nil, hooks: "")
    var states = [conversation.state]
    for number in 0..<Int.random(in: 1...20, using: &chance) {
      switch Int.random(in: 0..<4, using: &chance) {
      case 0: conversation.step("hook") { $0.hooks = "residual@\(number)" }
      case 1:
        let places = try Ablation.read("head@\(number % 4).1", Self.catalogue)
        conversation.step("ablate") { $0.ablations += places }
      case 2: conversation.clear()
      default:
        conversation.step("say") {
          $0.messages += [
            ChatMessage(role: "user", content: "\(number)"),
            ChatMessage(role: "assistant", content: "yes"),
          ]
        }
      }
      states.append(conversation.state)
    }
    while let state = states.popLast() {
      #expect(conversation.state == state)
      #expect((conversation.undo() == nil) == states.isEmpty)
    }
  }

  @Test func `the last question is asked again without its answer`() {
    var conversation = Conversation(system: "Be brief", hooks: "")
    #expect(conversation.question == nil)
    conversation.step("say") {
      $0.messages += ["user", "assistant"].map { ChatMessage(role: $0, content: $0) }
    }
    #expect(conversation.question?.map(\.role) == ["system", "user"])
    conversation.clear()
    #expect(conversation.question == nil)
    #expect(conversation.state.messages.map(\.role) == ["system"])
  }

  @Test func `places are heads, components of layers and names of hook points`() throws {
    let places = try Ablation.read("head@3.1, mlp@2,attention@all", Self.catalogue)
    #expect(places.count == 6)
    #expect(places[0].intervention.point == HookPoint(.headOutput, layer: 3))
    #expect(places[0].intervention.heads == [1])
    #expect(places[1].intervention.heads == nil)
  }

  @Test(arguments: [
    ("head@9.0", "9"), ("head@1.2", "2"), ("head@1", "head@1"), ("head@a.b", "head@a.b"),
    ("mpl@1", "mlp"), ("mlp@4", "4"), ("blocks.1.attn.hook_result", "hook_z"),
  ])
  func `what can't be ablated is refused by its name`(list: String, word: String) {
    #expect { try Ablation.read(list, Self.catalogue) } throws: {
      "\($0)".hasPrefix("/ablate: ") && "\($0)".contains(word)
    }
  }
}
