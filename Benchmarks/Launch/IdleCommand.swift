import ArgumentParser
import Foundation

/// `idle`: what a process takes while it has nothing to do.
struct IdleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "idle", abstract: "Measure what a process takes while it has nothing to do.")

  @Option(help: "How the process is called in the table.") var name: String
  @Option(help: "How the lane is called in the table.") var lane: String
  @Option(help: "For how many seconds it is watched.") var seconds = 10
  @Argument(help: "Its pid.") var pid: Int32

  func run() async throws {
    let before = (try cpuMilliseconds(), try switches())
    try await Task.sleep(for: .seconds(seconds))
    let cpu = try cpuMilliseconds() - before.0
    let switches = try switches().reduce(0) { $0 + $1.value - (before.1[$1.key] ?? 0) }
    Row(
      what: "idle `\(name)` for \(seconds) s: CPU; voluntary context switches", lane: lane,
      measured: "\(cpu) ms; \(switches)"
    ).show()
    let status = try text("status")
    let resident = fixed(Double(try number("VmRSS:", in: status)) / 1024, decimals: 1)
    let anonymous = fixed(Double(try number("RssAnon:", in: status)) / 1024, decimals: 1)
    Row(
      what: "resident memory of `\(name)` (its own, not of files)", lane: lane,
      measured: "\(resident) MiB (\(anonymous) MiB)"
    ).show()
  }

  private func text(_ file: String) throws -> String {
    try String(contentsOfFile: "/proc/\(pid)/\(file)", encoding: .utf8)
  }

  /// User and system time of all threads, in steps of the kernel's clock ticks (proc(5)).
  private func cpuMilliseconds() throws -> Int {
    // The name may hold blanks; the fields after it count from the third on.
    let fields = try text("stat").split(separator: ")").last?.split(separator: " ").map { Int($0) } ?? []
    guard fields.count > 12, let user = fields[11], let system = fields[12] else {
      throw BenchmarkError("`/proc/\(pid)/stat` is malformed")
    }
    return (user + system) * 1000 / sysconf(Int32(_SC_CLK_TCK))
  }

  /// Voluntary context switches of each thread: how often it was woken.
  private func switches() throws -> [String: Int] {
    var switches: [String: Int] = [:]
    for thread in try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task") {
      switches[thread] = try number("voluntary_ctxt_switches:", in: try text("task/\(thread)/status"))
    }
    return switches
  }

  private func number(_ key: String, in status: String) throws -> Int {
    for line in status.split(separator: "\n") where line.hasPrefix(key) {
      if let number = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) }) {
        return number
      }
    }
    throw BenchmarkError("`\(key)` is not in the status of process \(pid)")
  }
}
