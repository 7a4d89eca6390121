/// The kinds of change there are, as listings tell them.
package enum Changes {
  package static let all: [any Change.Type] = [
    Zero.self, Mean.self, Scale.self, Add.self, Clamp.self, Noise.self, Patch.self,
    Swap.self, ForceExperts.self, BanExperts.self,
  ]
}
