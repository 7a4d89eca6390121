import Testing

@testable import Hooks

@Suite struct `The list of hook sites` {
  @Test func `every site has one row, and its number is its place among the cases`() {
    #expect(HookSite.allCases.map(\.rawValue) == Array(HookSite.allCases.indices))
    #expect(HookSites.all.map(\.site.rawValue).sorted() == HookSite.allCases.map(\.rawValue))
    for site in HookSite.allCases { #expect(HookSites.row(site).site == site) }
  }

  @Test func `no two sites share a name`() {
    let names = HookSites.all.flatMap { [$0.name] + $0.aliases }
    #expect(Set(names).count == names.count)
  }

  @Test func `numbers stay, since the noise of recorded runs has them in its seed`() {
    let recorded: [HookSite] = [
      .embedding, .positionEmbedding, .residualPre, .attentionNormalized, .attentionNorm, .query,
      .key, .value, .rotaryQuery, .rotaryKey, .attentionScores, .attentionPattern, .attentionSink,
      .headOutput, .attentionOutput, .attentionAdded, .residualMid, .mlpNormalized, .mlpNorm,
      .mlpPre, .mlpPreLinear, .mlpPost, .routerLogits, .expertIndices, .expertWeights,
      .expertOutput, .mlpOutput, .mlpAdded, .residualPost, .finalNormalized, .finalNorm, .logits,
    ]
    #expect(recorded.map(\.rawValue) == Array(recorded.indices))
  }

  @Test(arguments: [1, 31, 32, 33, 63, 64, 65, 128, 129, 1000])
  func `slots of any number of sites are distinct and end with the last layer's last site`(
    sites: Int
  ) {
    let slots = PointSlots(layers: 5, sites: sites)
    var found: [Int] = []
    for layer in -1..<5 {
      for site in 0..<sites { found.append(slots.slot(site: site, layer: layer)) }
    }
    #expect(found == Array(0..<slots.count))
  }

  @Test
  func `a tap wants what is captured or changed and nothing else, to the last layer's last site`() {
    let catalogue = `Hook names`.experts
    let places = HookSite.allCases.flatMap { site in
      (-1..<catalogue.layers).map { HookPoint(site, layer: $0) }
    }
    let tap = RunTap(catalogue: catalogue, pool: CapturePool())
    let hooks = BatchHooks(layers: catalogue.layers)
    for place in places {
      tap.setCaptures([CaptureSpec(watching: place)])
      hooks.removeAll()
      hooks.add(tap, rows: 0..<1, firstPosition: 0)
      #expect(places.filter { tap.wants($0.site, layer: $0.layer) } == [place])
      #expect(places.filter { hooks.wants($0.site, layer: $0.layer) } == [place])
    }
    tap.setCaptures([])
    #expect(!places.contains { tap.wants($0.site, layer: $0.layer) })
  }
}

extension CaptureSpec {
  init(watching point: HookPoint, _ selection: Selection = Selection()) {
    self.init(
      hookID: "watched", layerName: point.name, component: point.site.component, isInput: false,
      point: point, selection: selection)
  }
}
