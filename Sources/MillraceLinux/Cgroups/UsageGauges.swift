package import MillraceCore

/// The files of a cgroup that tell what it uses now, kept open: opening costs more than reading.
///
/// A file that this kernel does not have is nil, and so is what it would tell.
package final class UsageGauges {
  private let current: KernelFile?
  private let stat: KernelFile?
  private let events: KernelFile?
  private let cpu: KernelFile?
  private var last: LastStat?

  /// What `memory.stat` told when it was last read, and when that was.
  private struct LastStat {
    var inactiveFile: Int64
    /// What `memory.current` told then.
    var current: Int64
    /// How many samples were made of it.
    var uses: Int
  }

  /// Opens the files of a cgroup's directory; `name` is how errors call it.
  package init(directory: Int32, name: String) throws {
    func open(_ file: String) throws -> KernelFile? {
      try KernelFile(ifThere: file, in: directory, name: "\(name)/\(file)")
    }
    current = try open("memory.current")
    stat = try open("memory.stat")
    events = try open("memory.events")
    cpu = try open("cpu.stat")
  }

  /// Returns what is used now.
  package func sample(_ buffer: ReadingBuffer) throws -> UsageSample {
    UsageSample(
      workingSet: try workingSet(buffer),
      cpu: try cpu.map { cpu in
        .microseconds(try buffer.read(cpu) { try CgroupFiles.member("usage_usec", of: $0, cpu.name) })
      },
      memoryLimitHits: try events.map { events in
        try buffer.read(events) { try CgroupFiles.member("max", of: $0, events.name) }
      })
  }

  /// `memory.current − inactive_file`: what can't be taken back without the attempts noticing; nil if the
  /// kernel does not tell. If it is to be fresh, both files are read, at whatever cost.
  func workingSet(_ buffer: ReadingBuffer, isFresh: Bool = false) throws -> Bytes? {
    guard let current, let stat else { return nil }
    if isFresh { last = nil }
    let all = try buffer.read(current) { try CgroupFiles.single($0, current.name) }
    return Bytes(all) - Bytes(try inactiveFile(stat, current: all, buffer))
  }

  /// For how many samples one reading of `memory.stat` does while `memory.current` hardly changes. The kernel
  /// makes it from fifty counters: it costs as much as all the others together.
  package static let samplesPerStat = 4
  /// The part of `memory.current` by which it may change meanwhile.
  private static let tolerance: Int64 = 32

  private func inactiveFile(_ stat: KernelFile, current: Int64, _ buffer: ReadingBuffer) throws -> Int64 {
    if let last, last.uses < Self.samplesPerStat, abs(current - last.current) <= last.current / Self.tolerance
    {
      self.last?.uses += 1
      return last.inactiveFile
    }
    let inactive = try buffer.read(stat) { try CgroupFiles.member("inactive_file", of: $0, stat.name) }
    last = LastStat(inactiveFile: inactive, current: current, uses: 1)
    return inactive
  }
}
