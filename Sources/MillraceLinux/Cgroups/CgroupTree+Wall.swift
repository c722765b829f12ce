import Glibc
package import MillraceCore

extension CgroupTree {
  /// What the groups above allow this tree; nil stands for no bound.
  package struct Bounds: Sendable, Equatable {
    package var memory: Bytes?
    /// Thousandths of a processor.
    package var cpuMillis: Int64?
  }

  /// Returns the smallest `memory.max` and `cpu.max` of `S` and of every group above it: somebody else's
  /// limit on the unit, the container or the user.
  /// - Throws: `LinuxError` if one can't be read.
  package func bounds() throws -> Bounds {
    var bounds = Bounds()
    var group = path
    while group.hasPrefix(mount + "/") {
      // The root has none, nor has a group without the controller.
      if access(group + "/memory.max", F_OK) == 0, let limit = Int64(try Self.word(group + "/memory.max", 0))
      {
        bounds.memory = min(bounds.memory ?? Bytes(limit), Bytes(limit))
      }
      if access(group + "/cpu.max", F_OK) == 0, let quota = Int64(try Self.word(group + "/cpu.max", 0)),
        let period = Int64(try Self.word(group + "/cpu.max", 1)), period > 0
      {
        let millis = max(1, quota * 1000 / period)
        bounds.cpuMillis = min(bounds.cpuMillis ?? millis, millis)
      }
      group = String(group[..<(group.lastIndex(of: "/") ?? group.startIndex)])
    }
    return bounds
  }

  /// Puts the last wall up: all attempts together can't hold more than the runner's capacity and a sixteenth,
  /// the room for what the kernel counts for attempts that are gone. One attempt that may hold the whole
  /// capacity still meets its own limit first. Whom the kernel then kills was within its own limit, and that
  /// is how it is recorded.
  /// - Throws: `LinuxError` if the kernel does not take it.
  package func wall(off capacity: Bytes) throws {
    try Self.writeFile(jobsPath + "/memory.max", "\(capacity.rawValue + capacity.rawValue / 16)")
  }

  private static func word(_ file: String, _ index: Int) throws -> String {
    let words = try textFile(file).split { $0 == " " || $0 == "\n" }
    return index < words.count ? String(words[index]) : ""
  }
}
