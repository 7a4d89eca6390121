internal import Engine
internal import Tokenizers

extension InformationFlow {
  /// A graph as events carry it.
  func finding(_ graph: FlowGraph, _ pass: AnalysedPass) -> Finding {
    let last = graph.nodes.lazy.filter { $0.kind == .logit }.map(\.position).max()
    return .members([
      ("threshold", .number(graph.threshold)),
      ("granularity", .text(options.granularity.rawValue)),
      ("token", last.map { pass.named(pass.following($0)) } ?? .none),
      ("nodes", .list(graph.nodes.map { $0.finding(pass) })),
      ("edges", .list(graph.edges.map(\.finding))),
    ])
  }
}

extension FlowNode {
  fileprivate func finding(_ pass: AnalysedPass) -> Finding {
    var members: [(name: String, value: Finding)] = [
      ("id", .text(id)), ("kind", .text(kindName)), ("layer", .count(layer)),
      ("position", .count(position)),
    ]
    switch kind {
    case .head(let head, let source):
      if let head { members.append(("head", .count(head))) }
      if let source { members.append(("source", .count(source))) }
    case .earlier(let head?): members.append(("head", .count(head)))
    case .expert(let expert): members.append(("expert", .count(expert)))
    case .residualMid: members.append(("site", .text("mid")))
    case .logit:
      let token = pass.following(position)
      members.append(("token_id", .count(Int(token))))
      members.append(("text", .text(pass.model.tokenizer.piece(token))))
    case .earlier, .embedding, .residualPost, .mlp, .sharedExpert: break
    }
    return .members(members)
  }

  private var kindName: String {
    switch kind {
    case .embedding: "embedding"
    case .residualMid, .residualPost: "residual"
    case .head, .earlier: "head"
    case .mlp: "mlp"
    case .expert, .sharedExpert: "expert"
    case .logit: "logit"
    }
  }
}

extension FlowEdge {
  fileprivate var finding: Finding {
    .members([
      ("source", .text(source.id)), ("target", .text(target.id)), ("share", .number(share)),
    ])
  }
}
