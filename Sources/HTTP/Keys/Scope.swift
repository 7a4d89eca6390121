/// What a key may be used for.
package enum Scope: String, Sendable, CaseIterable {
  /// To look: at models, at the own runs, at recordings.
  case read
  /// To have models compute: runs, completions, analyses, text.
  case run
  /// To change passes: interventions and the hooks of runs.
  case intervene
  /// To keep and delete recordings.
  case record
  /// Everything else: models loaded and unloaded, keys, other keys' runs.
  case admin
}
