import Hummingbird
import HummingbirdCore
import MillraceCore
import MillraceEngine
import MillraceWire

/// The cluster and its nodes.
struct NodeRoutes: Sendable {
  let service: any JobService

  func add(to routes: inout RouteTable) { routes.show("/nodes", use: list) }

  @Sendable private func list(_ request: Request, _ context: APIContext) async throws -> Response {
    guard let report = await service.cluster() else {
      throw Refusal(
        .notFound, "this runner has no cluster: its configuration has no `slurm`",
        hint: "docs/slurm.md says how jobs get to other machines")
    }
    return try Response(json: NodesView(report))
  }
}

extension NodesView {
  /// Makes the view of a cluster.
  init(_ report: ClusterReport) {
    let attempts = report.attemptsByNode
    self.init(
      trouble: report.trouble, since: report.standing?.since, outstanding: report.attempts.count,
      bound: report.bound, waiting: report.waiting,
      nodes: (report.standing?.nodes ?? []).map { node in
        NodeView(node, coolsUntil: report.coolsUntil[node.name], attempts: attempts[node.name] ?? [])
      })
  }
}

extension ClusterView {
  /// Makes the view of a cluster's figures.
  init(_ summary: ClusterSummary) {
    self.init(
      trouble: summary.trouble, since: summary.since, outstanding: summary.outstanding,
      waiting: summary.waiting, bound: summary.bound, nodes: summary.nodes, usable: summary.usable)
  }
}
