import ArgumentParser
import MillraceClient
import MillraceCore
import MillraceWire

/// `millrace status`: the runner at this moment.
struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show the runner's health: what runs, what waits, what there is, and how short memory is.",
    discussion: """
      examples:
        millrace status
        millrace status -o json
      """)

  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  /// How many notices people see; JSON has all.
  private static let shownNotices = 10

  func run() throws {
    let status = try runner.client.status()
    try format.print(one: status, as: .status, json: status) { paint in
      let standing = (status.stations ?? []).dropFirst().map(Table<StatusView>.words)
      let changed = (status.settings ?? []).map { setting in
        "\(setting.name) = \(setting.value) "
          + (setting.persisted ? "(survives a restart)" : "(until the next start)")
      }
      let notices = status.notices.suffix(Self.shownNotices)
      return Table.status.card(status, paint: paint)
        + Self.section("warm hosts", (status.hosts ?? []).map(Self.words), paint)
        + Self.section("paused", standing, paint) + Self.section("changed settings", changed, paint)
        + (notices.isEmpty ? "" : "\n" + paint("notices", .title) + "\n")
        + notices.map { "  \(Figures.time($0.time))  \($0.text.printable)\n" }.joined()
    }
  }
}

extension StatusCommand {
  private static func words(_ host: HostView) -> String {
    let figures: [String?] = [
      host.key.map { "prepared for `\($0)`" }, "\(host.started) started",
      host.warmUpSeconds.map { "warm after \(Figures.span($0))" },
      host.forkSeconds.map { "a fork takes \(Figures.span($0))" }, host.memoryBytes.map { Figures.bytes($0) },
    ]
    return "\(host.host) of `\(host.plugin)`, \(host.state): "
      + figures.compactMap { $0 }.joined(separator: ", ")
  }

  /// Lines under a title; nothing if there are none.
  private static func section(_ title: String, _ lines: [String], _ paint: Paint) -> String {
    lines.isEmpty
      ? "" : "\n" + paint(title, .title) + "\n" + lines.map { "  \($0.printable)\n" }.joined()
  }
}

extension Table where Row == StatusView {
  /// What the runner, a handler or a group does: "handler `x` is paused by root since …".
  fileprivate static func words(_ station: StationView) -> String {
    let name = station.name.map { "\(station.kind) `\($0)` is " } ?? ""
    guard let by = station.by, let since = station.since else { return name + station.state }
    return "\(name)\(station.state) by \(by) since \(Figures.time(since))"
  }

  private static func stateTone(_ status: StatusView) -> Tone {
    status.stations?.first?.by == nil ? .plain : .busy
  }

  /// The runner; shown from top to bottom.
  static var status: Table { Table(process + jobs + resources + machine + cluster, id: { "\($0.pid)" }) }

  private static var process: [Column<StatusView>] {
    [
      Column("VERSION", "version") { $0.version },
      Column("PID", "pid") { "\($0.pid)" },
      Column("STARTED", "started", raw: { $0.started }) { Figures.time($0.started) },
      Column("HEALTHY", "healthy", raw: { "\($0.healthy)" }, tone: { $0.healthy ? .good : .bad }) {
        $0.healthy ? "yes" : "no: jobs are not taken or not started"
      },
      Column("STATE", "state", raw: { $0.stations?.first?.state ?? "" }, tone: stateTone) {
        $0.stations?.first.map(Self.words) ?? ""
      },
      Column("RECORD", "record_trouble", raw: { $0.recordTrouble ?? "" }, tone: { _ in .bad }) {
        $0.recordTrouble?.printable ?? ""
      },
      Column("DRAINING", "draining", raw: { "\($0.draining)" }, tone: { $0.draining ? .busy : .plain }) {
        $0.draining ? "yes: no new jobs are taken" : "no"
      },
    ]
  }

  private static var jobs: [Column<StatusView>] {
    [
      Column("RUNNING", "running") { "\($0.running)" },
      Column("QUEUED", "queued") { "\($0.queued)" },
      Column("SCHEDULED", "scheduled") { "\($0.scheduled)" },
      Column("HELD", "held") { Figures.raw($0.held) },
    ]
  }

  private static var resources: [Column<StatusView>] {
    [
      resource("SLOTS", "slots", { Int64($0.slots) }) { "\($0)" },
      resource("MEMORY", "memory_bytes", { $0.memoryBytes }) { Figures.bytes($0) },
      resource("LIMITS", "committed_bytes", { $0.committedBytes }) { Figures.bytes($0) },
      resource("CPU", "cpu_millis", { $0.cpuMillis }) { Figures.processors($0) },
    ].flatMap { $0 }
  }

  /// One line for people, three columns for programs.
  private static func resource(
    _ title: String, _ key: String, _ figure: @escaping (ResourcesView) -> Int64,
    _ text: @escaping (Int64) -> String
  ) -> [Column<StatusView>] {
    [
      Column(title, "used_" + key, raw: { "\(figure($0.used))" }) { status in
        "\(text(figure(status.used))) of \(text(figure(status.capacity))) in use, "
          + "\(text(figure(status.available))) free"
      },
      Column("", "capacity_" + key, raw: { "\(figure($0.capacity))" }) { _ in "" },
      Column("", "available_" + key, raw: { "\(figure($0.available))" }) { _ in "" },
    ]
  }

  private static var machine: [Column<StatusView>] {
    [
      Column("PRESSURE", "pressure", raw: { $0.pressure }, tone: tone) {
        $0.pressure == Pressure.none.word ? $0.pressure : $0.pressureCause
      },
      Column("JOBS HOLD", "tree_memory_bytes", raw: { Figures.raw($0.machine.treeMemoryBytes) }) {
        Figures.bytes($0.machine.treeMemoryBytes)
      },
      Column("MACHINE HAS", "memory_available_bytes", raw: { Figures.raw($0.machine.memoryAvailableBytes) }) {
        available($0.machine)
      },
      Column("", "memory_total_bytes", raw: { Figures.raw($0.machine.memoryTotalBytes) }) { _ in "" },
      Column(
        "STALLED", "memory_stall_percent", raw: { Figures.raw($0.machine.memoryStallPercent) }
      ) { $0.machine.memoryStallPercent.map { "\($0) % of the last 10 s" } ?? "" },
      Column("LOAD", "load") { Figures.raw($0.machine.load) },
    ]
  }

  /// One line for people, three columns for programs; nothing without a cluster.
  private static var cluster: [Column<StatusView>] {
    [
      Column(
        "CLUSTER", "cluster_trouble", raw: { $0.cluster?.trouble ?? "" },
        tone: { $0.cluster?.trouble == nil ? .plain : .bad }
      ) { $0.cluster?.words ?? "" },
      Column("", "cluster_outstanding", raw: { Figures.raw($0.cluster?.outstanding) }) { _ in "" },
      Column("", "cluster_bound", raw: { Figures.raw($0.cluster?.bound) }) { _ in "" },
    ]
  }

  private static func tone(_ status: StatusView) -> Tone {
    switch status.pressure {
    case Pressure.critical.word: .bad
    case Pressure.warning.word: .busy
    default: .plain
    }
  }

  private static func available(_ machine: MachineView) -> String {
    guard let free = machine.memoryAvailableBytes else { return "" }
    return "\(Figures.bytes(free)) available"
      + (machine.memoryTotalBytes.map { " of \(Figures.bytes($0))" } ?? "")
  }
}
