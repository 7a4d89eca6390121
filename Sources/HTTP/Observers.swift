/// Who is told of requests that are over.
package enum Observers {
  package static let all: [any Observer.Type] = [
    AccessLog.self, RequestMetrics.self, RequestTraces.self,
  ]
}
