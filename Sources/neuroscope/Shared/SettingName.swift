/// The options that may be set by the environment or a file where the command line does not; written as in a file.
enum SettingName: String, CaseIterable {
  case adapter
  case alias
  case allowHost = "allow-host"
  case allowOrigin = "allow-origin"
  case apiKey = "api-key"
  case basePath = "base-path"
  case cacheType = "cache-type"
  case captureBudget = "capture-budget"
  case captureMemory = "capture-memory"
  case conformanceEcho = "conformance-echo"
  case context
  case harvestsDir = "harvests-dir"
  case harvestsLimit = "harvests-limit"
  case host
  case idleSeconds = "idle-seconds"
  case insecureNoAuth = "insecure-no-auth"
  case instructionSet = "instruction-set"
  case keys
  case listen
  case logFormat = "log-format"
  case logLevel = "log-level"
  case memoryBudget = "memory-budget"
  case metricsAliases = "metrics-aliases"
  case model
  case modelID = "model-id"
  case modelsDir = "models-dir"
  case noModel = "no-model"
  case noRecordings = "no-recordings"
  case numerics
  case open
  case otlpEndpoint = "otlp-endpoint"
  case outboxBudget = "outbox-budget"
  case port
  case recordingQuota = "recording-quota"
  case recordingsDir = "recordings-dir"
  case recordingsKeep = "recordings-keep"
  case recordingsLimit = "recordings-limit"
  case strict
  case threads
  case tlsCert = "tls-cert"
  case tlsKey = "tls-key"

  /// On the command line.
  var flag: String { "--" + rawValue }

  /// In the environment.
  var variable: String { "NEUROSCOPE_" + rawValue.uppercased().replacing("-", with: "_") }

  /// What parts the values of a variable; nil for options that have one value.
  var separator: Character? {
    switch self {
    case .modelsDir: ":"
    case .alias, .allowHost, .allowOrigin, .apiKey, .listen, .metricsAliases: ","
    default: nil
    }
  }

  /// Whether its value is told to nobody.
  var isSecret: Bool { self == .apiKey }
}
