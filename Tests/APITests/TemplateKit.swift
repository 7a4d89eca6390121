import Foundation
import JSON
import TestKit

@testable import API

/// The bundled model with another chat template.
enum TemplateKit {
  /// A folder with the bundled model and this template in place of its own.
  private static func model(_ template: String) throws -> String {
    let manager = FileManager.default
    let folder = manager.temporaryDirectory.appendingPathComponent("thought-\(UUID().uuidString)")
    try manager.createDirectory(at: folder, withIntermediateDirectories: true)
    for name in try manager.contentsOfDirectory(atPath: TestModels.bundled) {
      let source = TestModels.bundled + "/" + name
      guard name != "tokenizer_config.json" else { continue }
      try manager.copyItem(atPath: source, toPath: folder.appendingPathComponent(name).path)
    }
    let data = try Data(
      contentsOf: URL(fileURLWithPath: TestModels.bundled + "/tokenizer_config.json"))
    let json = try JSONValue(parsing: Array(data))
    let members = (json.members ?? []).map { member in
      member.name == "chat_template"
        ? JSONValue.Member(member.name, .string(template)) : member
    }
    try Data(JSONValue(members: members).json(.compact).utf8).write(
      to: folder.appendingPathComponent("tokenizer_config.json"))
    return folder.path
  }

  static let plain =
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content']"
    + " + '<|im_end|>' + '\\n' }}{% endfor %}"
    + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"

  static func kit(_ template: String) async throws -> ServerKit {
    let kit = try await ServerKit(loadsModel: false)
    let folder = try model(template)
    _ = try await kit.server.service.loadUnchecked(
      path: folder, id: "circuits", contextLength: 512)
    return kit
  }
}
