internal import Streams
internal import HTTP
internal import Engine
internal import Foundation
internal import JSON
internal import Hooks
internal import Runs

extension Routes {
  /// `GET /health`.
  func health(_ request: Request) -> Reply {
    let models = service.engine.models
    return .json(
      JSONWriter.object { writer in
        writer.member("status", "healthy")
        writer.member("service", "mlx-engine-neuroscope")
        writer.member("component", "neuroscope-server")
        writer.member("version", Version.text)
        writer.member("timestamp", Date().formatted(.iso8601))
        writer.member("current_model", service.engine.current?.info.id)
        writer.member("ready", !models.isEmpty)
        writer.member("loaded_models", models.map(\.info.id))
        writer.member("total_loaded", models.count)
        writer.member("active_runs", service.runs.active.count)
      })
  }

  /// `GET /v1/capabilities`.
  func capabilities(_ request: Request) -> Reply {
    .json(
      JSONWriter.object { writer in
        writer.member("service", "neuroscope")
        writer.member("version", Version.text)
        writer.member("commit", Version.commit)
        writer.member("components", HookNames.components)
        writer.member("reductions", HookReader.reductions + ["project"])
        writer.member("dtypes", FrameFormat.dtypes)
        writer.member("codecs", FrameFormat.codecs)
        writer.member("encodings", TensorEncoding.allCases.map(\.rawValue))
        writer.member("transports", ["rest", "sse", "ndjson", "websocket"])
        writer.member("websocket_subprotocols", ["neuroscope.v1"])
        writer.member("viewer_policies", ViewerPolicy.allCases.map(\.rawValue))
        writer.member("run_controls", RunCommands.all.map { $0.name })
        writer.member("interventions", Changes.all.map { $0.name })
        writer.array("intervention_kinds") { writer in
          for kind in Changes.all {
            writer.object { writer in
              writer.member("name", kind.name)
              writer.member("aliases", kind.aliases)
              writer.member("summary", kind.summary)
              writer.member("parameters", kind.parameters.map { AnalysisList.Parameter($0) })
            }
          }
        }
        writer.member("analyses", AnalysisList.live.map(\.name))
        writer.member("supports_activations", true)
        writer.member("supports_streaming", true)
        writer.member("supports_recordings", service.options.recordingsDirectory != nil)
        writer.member("capture_budget_bytes", service.captureBudget)
      })
  }
}
