import ArgumentParser
import MillraceClient
import MillraceCore
import MillraceWire

/// `millrace nodes`: the machines of the cluster.
struct NodesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "nodes",
    abstract: "List the nodes of the cluster, or show one with the attempts on it.",
    discussion: """
      examples:
        millrace nodes
        millrace nodes n1
        millrace nodes -o wide

      CPU and MEMORY are what is promised to jobs, whosever they are, of what there is; USED is what is in \
      use. States: idle, busy, cooling (it failed an attempt by its own fault and gets none for a while), \
      unhealthy, offline, drained. docs/slurm.md.
      """)

  @Argument(help: "Only this one, with its attempts.")
  var name: String?

  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  /// So many names are told where one is wrong.
  private static let mostNames = 20

  func run() throws {
    let client = runner.client
    let view = try client.nodes()
    if let trouble = view.trouble {
      let time = view.since.map { " since \(Figures.time($0))" } ?? ""
      StandardError.note("the cluster can't be used\(time): \(trouble)".printable)
    }
    guard let name else {
      try format.print(view.nodes, as: .nodes, page: view)
      if view.waiting > 0 {
        StandardError.note(
          "\(view.waiting) of \(view.outstanding) attempts in the cluster have no node yet")
      }
      return
    }
    guard let node = view.nodes.first(where: { $0.name == name }) else {
      let names = view.nodes.prefix(Self.mostNames).map(\.name).joined(separator: ", ")
      let more = view.nodes.count > Self.mostNames ? ", …" : ""
      throw CommandError(
        .notFound, "there is no node `\(name)`", hint: names.isEmpty ? nil : "there are: \(names)\(more)")
    }
    let isForPeople = [.table, .wide].contains(format.output)
    let rows = isForPeople ? try client.top(queued: 0).running.filter { $0.node == name } : []
    try format.print(one: node, as: .nodes, json: node) { paint in
      let card = Table.nodes.card(node, paint: paint)
      return rows.isEmpty
        ? card : card + "\n" + Self.attempts(at: Moment.now).lines(rows, wide: false, paint: paint)
    }
  }

  private static func attempts(at now: Timestamp) -> Table<TopRow> {
    Table(
      [
        Column("ATTEMPT", "attempt", .right) { $0.number },
        Column("HANDLER", "handler") { $0.handler },
        Column("STATE", "state", tone: { _ in .busy }) { $0.stateWord },
        TopColumn.age(at: now),
        Column("SLURM JOB", "cluster_job", .right) { $0.clusterJob ?? "" },
        Column("LABELS", "labels") { Figures.labels($0.labels) },
      ], id: \.number)
  }
}
