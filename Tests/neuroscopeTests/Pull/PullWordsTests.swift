import Hub
import Synchronization
import Testing

@testable import neuroscope

/// What the command says while it fetches, and where it cannot.
@Suite struct PullWordsTests {
  private func said(_ body: (PullProgress) -> Void) -> String {
    let text = Mutex("")
    body(PullProgress(isTerminal: false) { more in text.withLock { $0 += more } })
    return text.withLock(\.self)
  }

  @Test func `a download that goes on says where, then every tenth, then that it is checked`() {
    let text = said { progress in
      progress.begin("model.safetensors", total: 10_000, done: 5_000)
      for done in stride(from: 5_000, through: 10_000, by: 500) { progress.update(done) }
      progress.finish()
    }
    let lines = text.split(separator: "\n")
    #expect(lines.first == "model.safetensors: going on at 4.88 KiB of 9.77 KiB")
    #expect(lines.count == 7, "\(text)")
    #expect(lines.last == "model.safetensors  9.77 KiB  checked")
  }

  @Test func `what is there already is named with its commit`() {
    let text = said { $0.note(.alreadyThere(path: "a/b", commit: "0123")) }
    #expect(text == "a/b is there already, at commit 0123\n")
  }

  @Test func `a refusal says what to do`() {
    let refused = PullError.refused(url: "u", status: 401, hasToken: false)
    #expect(
      refused.sentence
        == "u answers 401: a token is needed, in HF_TOKEN, or there is no such repository")
    #expect(
      PullError.network(url: "u", attempts: 5, "the server answers 503").sentence
        == "u: the server answers 503, after 5 attempts; the same command goes on from here")
  }
}
