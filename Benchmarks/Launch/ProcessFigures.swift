import Foundation

/// What the kernel tells of a process (proc(5)).
struct ProcessFigures {
  /// Its memory that is its own, and that is of files, in bytes.
  var anonymous: Int64
  var ofFiles: Int64
  /// How many descriptors it has open.
  var descriptors: Int
  /// User and system time of all threads, in steps of the kernel's clock ticks.
  var cpuMilliseconds: Int

  /// Reads them now.
  init(of pid: Int32) throws {
    let status = try Self.text("status", of: pid)
    anonymous = Int64(try Self.number("RssAnon:", in: status, of: pid)) * 1024
    ofFiles = Int64(try Self.number("RssFile:", in: status, of: pid)) * 1024
    descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count
    // The name may hold blanks; the fields after it count from the third on.
    let stat = try Self.text("stat", of: pid).split(separator: ")").last ?? ""
    let fields = stat.split(separator: " ").map { Int($0) }
    guard fields.count > 12, let user = fields[11], let system = fields[12] else {
      throw BenchmarkError("`/proc/\(pid)/stat` is malformed")
    }
    cpuMilliseconds = (user + system) * 1000 / sysconf(Int32(_SC_CLK_TCK))
  }

  /// All of its memory, in bytes.
  var resident: Int64 { anonymous + ofFiles }

  /// Voluntary context switches of each thread: how often it was woken.
  static func switches(of pid: Int32) throws -> [String: Int] {
    var switches: [String: Int] = [:]
    for thread in try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task") {
      let status = try text("task/\(thread)/status", of: pid)
      switches[thread] = try number("voluntary_ctxt_switches:", in: status, of: pid)
    }
    return switches
  }

  /// Bytes in mebibytes as people read them.
  static func mebibytes(_ bytes: Int64) -> String { fixed(Double(bytes) / 1_048_576, decimals: 1) }

  private static func text(_ file: String, of pid: Int32) throws -> String {
    try String(contentsOfFile: "/proc/\(pid)/\(file)", encoding: .utf8)
  }

  private static func number(_ key: String, in status: String, of pid: Int32) throws -> Int {
    for line in status.split(separator: "\n") where line.hasPrefix(key) {
      if let number = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) }) {
        return number
      }
    }
    throw BenchmarkError("`\(key)` is not in the status of process \(pid)")
  }
}
