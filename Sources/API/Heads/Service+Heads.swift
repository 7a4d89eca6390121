internal import Engine
internal import Interpretability
internal import JSON
internal import Recordings
internal import Runs

extension Service {
  /// What a model's heads are, as far as it is found: begins the finding where nobody has.
  func heads(of model: LoadedModel) async throws(Refusal) -> HeadDesk.State {
    let digest: String
    do { digest = try await model.digest.value() } catch { throw .engine(error) }
    if let state = heads[digest], state.isRunning { return state }
    let file = options.recordingsDirectory.flatMap {
      HeadsFile(in: RecordingFolder(path: $0), digest: digest)
    }
    if heads[digest] == nil, let file {
      let kept = try await files.perform { () throws(Refusal) in HeadsObject.checked(file.read()) }
      if let kept { heads.note(.found(kept), of: digest) }
    }
    let corpus = HeadCorpus(
      model.tokenizer, vocabulary: model.info.vocabularySize, context: model.info.contextLength)
    let total = HeadNames.passes(corpus)
    if let state = heads.claim(digest, total: total) { return state }
    let place: RunPlace
    do throws(Refusal) { place = try takePlace(.computed(isPaused: false)) } catch {
      heads.drop(digest)
      throw error
    }
    Task {
      heads.note(await found(corpus, model, digest, total: total, file), of: digest)
      // Held until here.
      _ = place
    }
    return .running(done: 0, total: total)
  }

  private func found(
    _ corpus: HeadCorpus, _ model: LoadedModel, _ digest: String, total: Int, _ file: HeadsFile?
  ) async -> HeadDesk.State {
    let names: HeadNames
    do throws(EngineError) {
      names = try await HeadNames.find(corpus, on: engine, model) { [heads] done in
        heads.note(.running(done: done, total: total), of: digest)
      }
    } catch {
      return .failed(.engine(error))
    }
    let bytes = HeadsObject(names: names, model: model, digest: digest).json
    if let file, options.recordingFile == nil {
      do throws(Refusal) {
        try await files.perform { () throws(Refusal) in
          do throws(RecordingError) { try file.write(bytes) } catch { throw .recording(error) }
        }
      } catch {
        return .failed(error)
      }
    }
    return .found(bytes)
  }
}
