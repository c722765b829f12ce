import ArgumentParser
import MillraceClient
import MillraceWire

/// `millrace status`: the runner at this moment.
struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show the runner: what runs, what waits, and what there is.",
    discussion: """
      examples:
        millrace status
        millrace status -o json
      """)

  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func run() throws {
    let status = try runner.client.status()
    try format.print(one: status, as: .status, json: status) { Table.status.card(status, paint: $0) }
  }
}

extension Table where Row == StatusView {
  /// The runner; shown from top to bottom.
  static var status: Table {
    Table(
      [
        Column("VERSION", "version") { $0.version },
        Column("PID", "pid") { "\($0.pid)" },
        Column("STARTED", "started", raw: { $0.started }) { Figures.time($0.started) },
        Column("DRAINING", "draining", raw: { "\($0.draining)" }, tone: { $0.draining ? .busy : .plain }) {
          $0.draining ? "yes: no new jobs are taken" : "no"
        },
        Column("RUNNING", "running", raw: { "\($0.running)" }) { "\($0.running) of \($0.slots) slots" },
        Column("SLOTS", "slots") { "\($0.slots)" },
        Column("QUEUED", "queued") { "\($0.queued)" },
        Column("SCHEDULED", "scheduled") { "\($0.scheduled)" },
        Column("MEMORY", "memory_used_bytes", raw: { "\($0.memoryUsedBytes)" }) {
          "\(Figures.bytes($0.memoryUsedBytes)) of \(Figures.bytes($0.memoryCapacityBytes)) in use"
        },
        Column("MEMORY CAPACITY", "memory_capacity_bytes", raw: { "\($0.memoryCapacityBytes)" }) {
          Figures.bytes($0.memoryCapacityBytes)
        },
        Column("CPU", "cpu_millis_used", raw: { "\($0.cpuMillisUsed)" }) {
          "\(Figures.processors($0.cpuMillisUsed)) of \(Figures.processors($0.cpuMillisCapacity)) in use"
        },
        Column("CPU CAPACITY", "cpu_millis_capacity", raw: { "\($0.cpuMillisCapacity)" }) {
          Figures.processors($0.cpuMillisCapacity)
        },
      ], id: { "\($0.pid)" })
  }
}
