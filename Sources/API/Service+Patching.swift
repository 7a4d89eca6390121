internal import Engine
package import Hooks
internal import Runs

extension Service {
  /// Reads interventions for a model; patches take their rows from what other runs captured, to the last bit.
  package func interventionReader(_ catalogue: HookCatalogue) -> InterventionReader {
    InterventionReader(catalogue) { [self] runID, hookID, point throws(Refusal) in
      let run = try run(runID)
      switch sources.rows(
        of: hookID, in: run, at: point, width: catalogue.width(of: point.site))
      {
      case .rows(let rows): return (rows.values, rows.width, rows.firstPosition)
      case .forgotten:
        throw .captureForgotten(runID: runID, hookID: hookID, limit: sources.limit)
      case .rounded(let dtype):
        throw .inexactCapture(runID: runID, hookID: hookID, dtype: dtype)
      case .nothing: throw .noSuchCapture(runID: runID, hookID: hookID)
      }
    }
  }
}
