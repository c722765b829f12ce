import FoundationEssentials
import Glibc
import Logging
import MillraceCore
import Synchronization
import Testing
import TestSupport

@testable import MillraceLinux

/// Gauges on directories with the files of real kernels.
struct GaugesTests {
  private let directory: TemporaryDirectory
  private let log = Complaints()

  init() throws { directory = try TemporaryDirectory() }

  /// What was said in the log.
  private final class Complaints: Sendable {
    let said = Mutex<[String]>([])

    struct Handler: LogHandler {
      let complaints: Complaints
      var metadata: Logger.Metadata = [:]
      var logLevel = Logger.Level.trace

      subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
      }

      func log(event: LogEvent) {
        complaints.said.withLock { $0.append("\(event.metadata?["error"] ?? "")") }
      }
    }

    var logger: Logger { Logger(label: "test") { _ in Handler(complaints: self) } }
  }

  private func write(_ text: String, to file: String) throws {
    // In place: the gauges have it open.
    let file = try Descriptor(
      opening: directory.path + "/" + file, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
    var text = text
    try text.withUTF8 { try file.write(UnsafeRawBufferPointer($0), "a file") }
  }

  private func fill(_ kernel: String, _ files: [String]) throws {
    for file in files { try write(Fixture.text(kernel, file), to: file) }
  }

  private func gauges() -> MachineGauges {
    MachineGauges(tree: directory.path, proc: directory.path, logger: log.logger)
  }

  private static let usage = ["memory.current", "memory.stat", "memory.events", "cpu.stat"]

  @Test("a leaf's sample has what its files tell, anew each time")
  func leaf() throws {
    try fill("debian-6.1", Self.usage)
    let open = try Descriptor(opening: directory.path, flags: O_RDONLY | O_DIRECTORY)
    let gauges = try UsageGauges(directory: open.number, name: "1.1")
    let buffer = ReadingBuffer()
    #expect(
      try gauges.sample(buffer)
        == UsageSample(
          workingSet: Bytes(167_936 - 4096), cpu: .microseconds(7_684_101), memoryLimitHits: 105))
    try write("usage_usec 8000000\n", to: "cpu.stat")
    #expect(try gauges.sample(buffer).cpu == .seconds(8))
    try write("usage_usec no\n", to: "cpu.stat")
    let error = #expect(throws: LinuxError.self) { try gauges.sample(buffer) }
    #expect(error?.doing == "read `1.1/cpu.stat`")
  }

  @Test("memory.stat is read anew when memory.current moves, and every fourth time at the latest")
  func rereading() throws {
    try fill("debian-6.1", ["memory.stat"])
    let open = try Descriptor(opening: directory.path, flags: O_RDONLY | O_DIRECTORY)
    func show(_ current: Int64, inactive: Int64) throws {
      try write("\(current)\n", to: "memory.current")
      try write("anon 1\ninactive_file \(inactive)\n", to: "memory.stat")
    }
    try show(3200, inactive: 200)
    let gauges = try UsageGauges(directory: open.number, name: "1.1")
    let buffer = ReadingBuffer()
    #expect(try gauges.workingSet(buffer) == Bytes(3000))
    try show(3300, inactive: 300)
    #expect(try gauges.workingSet(buffer) == Bytes(3100), "memory.current itself is never old")
    #expect(try gauges.workingSet(buffer, isFresh: true) == Bytes(3000))
    try show(3300, inactive: 400)
    for _ in 2...4 { #expect(try gauges.workingSet(buffer) == Bytes(3000)) }
    #expect(try gauges.workingSet(buffer) == Bytes(2900))
    try show(3000, inactive: 0)
    #expect(try gauges.workingSet(buffer) == Bytes(3000))
    try show(0, inactive: 8)
    #expect(try gauges.workingSet(buffer) == .zero, "never less than nothing")
  }

  @Test("files that the kernel does not have leave a sample's members unknown")
  func leafWithout() throws {
    let open = try Descriptor(opening: directory.path, flags: O_RDONLY | O_DIRECTORY)
    let gauges = try UsageGauges(directory: open.number, name: "1.1")
    #expect(try gauges.sample(ReadingBuffer()) == UsageSample())
  }

  @Test("a file that does not fit the buffer is refused, not cut")
  func tooLong() throws {
    try write("123456\n", to: "memory.current")
    let file = try KernelFile(opening: directory.path + "/memory.current", name: "1.1/memory.current")
    #expect(try ReadingBuffer(count: 8).read(file) { try CgroupFiles.single($0, file.name) } == 123_456)
    let error = #expect(throws: LinuxError.self) { try ReadingBuffer(count: 7).read(file) { $0.count } }
    #expect(error?.reason == .malformed("it is over 6 bytes long"))
  }

  @Test("the machine's sample has what the files of a kernel with PSI tell")
  func machine() throws {
    try fill("debian-6.1", Self.usage + ["memory.pressure", "meminfo", "loadavg"])
    #expect(
      gauges().sample(ReadingBuffer())
        == MachineSample(
          treeMemory: Bytes(167_936 - 4096), memoryTotal: Bytes(2_012_132 << 10),
          memoryAvailable: Bytes(1_898_960 << 10), memoryStall: 24.78, load: 0.08))
    #expect(log.said.withLock { $0 } == [])
  }

  @Test("without PSI and controllers their figures are unknown, which is no error")
  func machineWithout() throws {
    try fill("uml-6.1", ["meminfo", "loadavg"])
    let sample = gauges().sample(ReadingBuffer())
    #expect(sample.memoryTotal == Bytes(2_034_676 << 10))
    #expect(sample.load == 0)
    #expect(sample.treeMemory == nil)
    #expect(sample.memoryStall == nil)
    #expect(log.said.withLock { $0 } == [])
  }

  @Test("a figure that can't be read is unknown, is said once, and hides no other")
  func machineBroken() throws {
    try fill("debian-6.1", ["meminfo", "memory.current", "memory.stat"])
    try write("some avg10=lots\n", to: "memory.pressure")
    let gauges = gauges()
    for _ in 0..<3 {
      let sample = gauges.sample(ReadingBuffer())
      #expect(sample.memoryStall == nil)
      #expect(sample.load == nil)
      #expect(sample.memoryTotal != nil)
      #expect(sample.treeMemory != nil)
    }
    let said = log.said.withLock { $0 }
    #expect(said.count == 2)
    #expect(said.contains { $0.contains("loadavg") && $0.contains("No such file or directory") })
    #expect(said.contains { $0.contains("memory.pressure") && $0.contains("some avg10=lots") })
  }

  @Test("this machine's own files are read")
  func here() throws {
    let mount = try CgroupMount.current().path
    let sample = MachineGauges(tree: mount, logger: log.logger)
      .sample(ReadingBuffer())
    let total = try #require(sample.memoryTotal)
    #expect(try #require(sample.memoryAvailable) <= total)
    #expect(try #require(sample.load) >= 0)
    #expect(log.said.withLock { $0 } == [])
  }
}
