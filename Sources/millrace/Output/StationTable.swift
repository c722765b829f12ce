import MillraceWire

extension Table where Row == StationView {
  /// The runner, handlers and groups, a line each.
  static var stations: Table {
    Table(
      [
        Column("WHAT", "kind") { $0.kind },
        Column("NAME", "name") { $0.name ?? "" },
        Column("STATE", "state", tone: { $0.by == nil ? .plain : .busy }) { $0.state },
        Column("BY", "by") { $0.by ?? "" },
        Column("SINCE", "since", raw: { $0.since ?? "" }) { Figures.time($0.since) },
      ], id: { $0.name ?? $0.kind })
  }
}

extension OutputOptions {
  /// Prints what the runner, a handler or a group does now.
  func print(_ station: StationView) throws {
    try print(one: station, as: .stations, json: station) { paint in
      Table.stations.lines([station], wide: false, paint: paint)
    }
  }
}
