import MillraceCore

/// The files of a cgroup that tell what it uses now, kept open: opening costs more than reading.
///
/// A file that this kernel does not have is nil, and so is what it would tell.
struct UsageGauges {
  private let current: KernelFile?
  private let stat: KernelFile?
  private let events: KernelFile?
  private let cpu: KernelFile?

  /// Opens the files of a cgroup's directory; `name` is how errors call it.
  init(directory: Int32, name: String) throws {
    func open(_ file: String) throws -> KernelFile? {
      try KernelFile(ifThere: file, in: directory, name: "\(name)/\(file)")
    }
    current = try open("memory.current")
    stat = try open("memory.stat")
    events = try open("memory.events")
    cpu = try open("cpu.stat")
  }

  /// Returns what is used now.
  func sample(_ buffer: ReadingBuffer) throws -> UsageSample {
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
  /// kernel does not tell.
  func workingSet(_ buffer: ReadingBuffer) throws -> Bytes? {
    guard let current, let stat else { return nil }
    let all = try buffer.read(current) { try CgroupFiles.single($0, current.name) }
    let inactive = try buffer.read(stat) { try CgroupFiles.member("inactive_file", of: $0, stat.name) }
    return Bytes(all) - Bytes(inactive)
  }
}
