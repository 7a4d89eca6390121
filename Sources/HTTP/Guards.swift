/// What may refuse a request, in the order in which they are asked.
package enum Guards {
  package static let all: [any Guard.Type] = [
    HostGuard.self, OriginGuard.self, KeyGuard.self,
  ]
}
