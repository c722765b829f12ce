import ArgumentParser

/// `idle`: what a process takes while it has nothing to do.
struct IdleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "idle", abstract: "Measure what a process takes while it has nothing to do.")

  @Option(help: "How the process is called in the table.") var name: String
  @Option(help: "How the lane is called in the table.") var lane: String
  @Option(help: "For how many seconds it is watched.") var seconds = 10
  @Argument(help: "Its pid.") var pid: Int32

  func run() async throws {
    try await IdleProcess(name: name, pid: pid).measure(seconds: seconds, lane: lane)
  }
}

/// A process that has nothing to do.
struct IdleProcess {
  /// How the table calls it.
  let name: String
  let pid: Int32
  /// The memory that it may take, in bytes; nil for no target.
  var mostResident: Int64? = 40 << 20

  /// The share of a processor that it may take, in percent.
  private static let mostPercent = 0.1

  /// Watches it for so many seconds and prints what it took.
  func measure(seconds: Int, lane: String) async throws {
    let before = (try ProcessFigures(of: pid), try ProcessFigures.switches(of: pid))
    try await Task.sleep(for: .seconds(seconds))
    let after = try ProcessFigures(of: pid)
    let cpu = after.cpuMilliseconds - before.0.cpuMilliseconds
    let switches = try ProcessFigures.switches(of: pid).reduce(0) { $0 + $1.value - (before.1[$1.key] ?? 0) }
    let percent = Double(cpu) / Double(seconds) / 10
    Row(
      what: "idle `\(name)` for \(seconds) s: CPU; voluntary context switches", lane: lane,
      measured: "\(cpu) ms; \(switches)",
      target: "≤ \(Self.mostPercent) %: \(percent <= Self.mostPercent ? "met" : "missed")"
    ).show()
    let resident = ProcessFigures.mebibytes(after.resident)
    let target = mostResident.map { "≤ \($0 >> 20) MiB: \(after.resident <= $0 ? "met" : "missed")" }
    Row(
      what: "resident memory of `\(name)` (its own, not of files)", lane: lane,
      measured: "\(resident) MiB (\(ProcessFigures.mebibytes(after.anonymous)) MiB)",
      target: target ?? "–"
    ).show()
  }
}
