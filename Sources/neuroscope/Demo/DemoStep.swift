internal import ArgumentParser

/// A part of the demonstration; each can be run alone.
enum DemoStep: String, CaseIterable, ExpressibleByArgument {
  case requirements
  case check
  case capture
  case circuits
  case streaming
  case attention
  case residual
  case tests

  /// What runs when nothing is named.
  static let usual: [DemoStep] = allCases.filter { $0 != .tests }

  /// What it is called on the screen.
  var title: String {
    switch self {
    case .requirements: "Requirements"
    case .check: "Basic check"
    case .capture: "Capturing activations"
    case .circuits: "Circuit analysis"
    case .streaming: "Streaming with live capture"
    case .attention: "Attention patterns"
    case .residual: "Residual stream"
    case .tests: "Test scenarios"
    }
  }

  /// Whether a scenario of `Protocol/scenarios` belongs to it.
  func contains(_ scenario: DemoScenario) -> Bool {
    switch self {
    case .requirements: false
    case .check: scenario.group == "check"
    case .capture: scenario.group == "capture"
    case .circuits: scenario.group == "circuit"
    case .streaming: scenario.group == "streaming"
    case .attention: scenario.name == "attention_patterns"
    case .residual: scenario.name == "residual_tracking"
    case .tests: scenario.group == "test"
    }
  }
}
