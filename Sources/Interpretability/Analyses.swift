/// The analyses that runs compute as they stream.
package enum Analyses {
  package static let live: [any LiveAnalysis.Type] = [
    LogitLens.Live.self, DirectLogitAttribution.Live.self, HeadScores.Live.self,
    AttentionEntropy.Live.self, TokenEntropy.self, InformationFlow.self,
  ]
}
