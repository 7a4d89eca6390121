internal import Frames
internal import HTTPTypes

extension Routes {
  /// `GET /v1/analyses`.
  func listAnalyses(_ request: Request) -> Reply {
    .json(
      JSONWriter.object { writer in
        writer.array("live") { writer in
          for entry in AnalysisList.live { entry.write(to: &writer) }
        }
      })
  }
}

extension AnalysisList.Entry: JSONWritable {
  func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("name", name)
      writer.member("summary", summary)
      writer.member("source", source)
      writer.member("parameters", parameters)
    }
  }
}

extension AnalysisList.Parameter: JSONWritable {
  func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("name", name)
      writer.member("type", type)
      writer.member("required", preset == nil)
      writer.member(ifPresent: "default", preset)
      writer.member("meaning", meaning)
    }
  }
}
