import Engine
import Hooks
import Synchronization
import TestKit
import Testing
import Tokenizers

@testable import Interpretability

/// Names of heads against `circuits.json`, which the bundled model's recipe computes with PyTorch.
@Suite struct `Names of heads` {
  private func bundled() async throws -> (Engine, LoadedModel, HeadCorpus) {
    let engine = Engine(options: EngineOptions(threads: 2))
    let model = try await engine.load(path: TestModels.bundled, id: "bundled")
    let corpus = HeadCorpus(
      model.tokenizer, vocabulary: model.info.vocabularySize, context: model.info.contextLength)
    return (engine, model, corpus)
  }

  @Test func `the bundled model's heads are found`() async throws {
    let truth = try CircuitsTruth.bundled()
    let (engine, model, corpus) = try await bundled()
    let done = Mutex(0)
    let names = try await HeadNames.find(corpus, on: engine, model) { now in
      done.withLock { $0 = now }
    }
    #expect(names.outcomes.map(\.reason) == [nil, nil, nil])
    #expect((1...HeadNames.passes(corpus)).contains(done.withLock(\.self)))
    // What PyTorch finds on other random lists: well above the threshold, or well below.
    for (kind, scores) in [
      (HeadKind.previousToken, truth.heads_by_attention.previous_token),
      (.induction, truth.heads_by_attention.induction),
      (.duplicateToken, truth.heads_by_attention.duplicate_token),
    ] {
      var agreeing = 0
      for layer in 0..<24 {
        for head in 0..<4 where abs(scores[layer][head] - kind.threshold) > 0.15 {
          let isNamed = names.kinds(layer: layer, head: head).contains { $0.kind == kind }
          #expect(
            isNamed == (scores[layer][head] > kind.threshold), "\(layer).\(head) \(kind.rawValue)")
          agreeing += 1
        }
      }
      #expect(agreeing > 80)
    }
    // The head that writes the most of the names' difference, by PyTorch, moves names.
    let attributions = truth.direct_logit_attribution
    func direct(_ layer: Int, _ head: Int) -> Float {
      attributions.reduce(0) { $0 + $1.heads[layer][head] }
    }
    let places = (0..<24).flatMap { layer in (0..<4).map { (layer, $0) } }
    let most = try #require(places.max { direct($0.0, $0.1) < direct($1.0, $1.1) })
    #expect(names.kinds(layer: most.0, head: most.1).contains { $0.kind == .nameMover })
    // Those without whose own numbers the difference falls the most, by PyTorch, steer them.
    let weighty = places.sorted {
      truth.ioi.head_mean[$0.0][$0.1] < truth.ioi.head_mean[$1.0][$1.1]
    }
    for (layer, head) in weighty.prefix(4) {
      let kinds = names.kinds(layer: layer, head: head).map(\.kind)
      #expect(kinds.contains(.subjectInhibition), "\(layer).\(head) \(kinds)")
    }
  }

  /// The bundled model, and one small random model of every family where they were made.
  static let checkpoints =
    [TestModels.bundled]
    + ReferenceSet.all.map(\.checkpoint).filter { $0.hasSuffix("/hf-f32") }

  @Test(arguments: checkpoints.indices)
  func `attention sinks have what rows leave for later positions, in every family`(
    index: Int
  ) async throws {
    let engine = Engine(options: EngineOptions(threads: 1))
    let model = try await engine.load(path: Self.checkpoints[index], id: "model")
    let corpus = HeadCorpus(
      model.tokenizer, vocabulary: model.info.vocabularySize, context: model.info.contextLength)
    let names = try await HeadNames.find(corpus, on: engine, model)
    let scores = try #require(names.scores[.attentionSink])
    let layers = 0..<model.catalogue.layers
    var expected = layers.map { _ in [Double](repeating: 0, count: model.catalogue.heads) }
    for tokens in corpus.repeats {
      let points = layers.map { HookPoint(.attentionPattern, layer: $0) }
      let pass = try await PromptPass.run(tokens, on: engine, model, capturing: points)
      let second = tokens.count / 2..<tokens.count
      for layer in layers {
        let pattern = pass.tensor(points[layer])
        for head in 0..<model.catalogue.heads {
          for query in second {
            let later = pattern.row(head * tokens.count + query).dropFirst().reduce(0.0) {
              $0 + Double($1)
            }
            expected[layer][head] += (1 - later) / Double(second.count * corpus.repeats.count)
          }
        }
      }
    }
    for layer in layers {
      for head in 0..<model.catalogue.heads {
        let (found, wanted) = (Double(scores[layer][head]), expected[layer][head])
        #expect(abs(found - wanted) < 1e-4, "\(Self.checkpoints[index]) \(layer).\(head)")
      }
    }
    for kind in [HeadKind.previousToken, .duplicateToken, .induction] {
      let all = try #require(names.scores[kind]).joined()
      #expect(all.allSatisfy { (0...1.0001).contains($0) })
    }
    // Random models prefer no name; what they can't tell is said, and nothing is made up.
    for outcome in names.outcomes where outcome.reason != nil {
      #expect(outcome.kinds.allSatisfy { names.scores[$0] != nil })
      #expect(
        outcome.test.kinds.filter { !outcome.kinds.contains($0) }.allSatisfy {
          names.scores[$0] == nil
        })
    }
  }

  @Test func `the corpus is the same each time, and what its tests say`() async throws {
    let (_, model, corpus) = try await bundled()
    let again = HeadCorpus(
      model.tokenizer, vocabulary: model.info.vocabularySize, context: model.info.contextLength)
    #expect(again == corpus)
    for list in corpus.repeats {
      let half = list.count / 2
      #expect(list.prefix(half) == list.suffix(half) && Set(list).count == half)
    }
    #expect(Set(corpus.repeats).count == corpus.repeats.count && !corpus.repeats.isEmpty)
    for list in corpus.copies {
      // Three pieces come again, each at another distance.
      var first: [Token: Int] = [:]
      var distances: Set<Int> = []
      for (position, token) in list.enumerated() {
        if let before = first[token] {
          distances.insert(position - before)
        } else {
          first[token] = position
        }
      }
      #expect(list.count - first.count == 18 && distances.count == 3)
    }
    #expect(corpus.names.count == 8)
    for one in corpus.names {
      #expect(one.tokens[one.answerPosition] == one.answer)
      #expect(
        one.tokens.count { $0 == one.repeated } == 2 && one.tokens.count { $0 == one.answer } == 1)
      #expect(one.swapped.count { $0 == one.answer } == 2 && one.swapped.count == one.tokens.count)
    }
  }

  @Test func `a model too small for the prompts is told of with the reason`() async throws {
    let (engine, model, _) = try await bundled()
    let corpus = HeadCorpus(model.tokenizer, vocabulary: model.info.vocabularySize, context: 6)
    #expect(corpus.repeats.isEmpty && corpus.copies.isEmpty && corpus.names.isEmpty)
    let names = try await HeadNames.find(corpus, on: engine, model)
    #expect(names.outcomes.allSatisfy { $0.reason != nil && $0.kinds.isEmpty })
    #expect(names.scores.isEmpty && names.kinds(layer: 0, head: 0).isEmpty)
  }
}
