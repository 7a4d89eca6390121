import Hooks
import Models
import TestKit
import Testing

/// The bundled model against transformers: float32 on the bfloat16 weights, made by the model's recipe.
@Suite struct `The bundled model agrees with transformers` {
  @Test func `on every logit of fifty prompts, and on each greedy answer`() throws {
    let folder = TestModels.root + "/Tests/References/bundled"
    let answers = try ReferenceAnswers(folder + "/references.json")
    let file = try TensorFile(folder + "/logits.safetensors")
    let runner = try ModelRunner(TestModels.bundled)
    let logits = HookPoint(.logits)
    #expect(answers.prompts.count == 50)
    for (number, prompt) in answers.prompts.enumerated() {
      let expected = try #require(file.tensors["prompt\(number)"])
      let found = try #require(runner.prefill(prompt.ids, watching: [logits]).captured[logits])
      #expect([found.dimensions[0], found.dimensions[1]] == expected.shape)
      let largest = expected.values.map(abs).max() ?? 1
      let difference = zip(found.values, expected.values).map { abs($0 - $1) }.max() ?? 1
      #expect(difference <= 5e-5 * largest, "prompt \(number): \(difference / largest)")
      #expect(runner.greedy(prompt.ids, count: prompt.greedy.count) == prompt.greedy)
    }
  }
}
