import MillraceCore
import MillraceLinux
import Testing

struct MachineFilesTests {
  @Test(
    "meminfo of each kernel is read",
    arguments: [
      ("uml-6.1", 2_034_676, 1_997_720), ("debian-6.1", 2_012_132, 1_898_960),
      ("native-6.18", 24_684_096, 24_004_076),
    ])
  func memory(_ kernel: String, _ total: Int64, _ available: Int64) throws {
    let bytes = try Fixture.bytes(kernel, "meminfo")
    let memory = try MachineFiles.memory(bytes.span)
    #expect(memory.total == Bytes(total * 1024))
    #expect(memory.available == Bytes(available * 1024))
  }

  @Test("a kernel that does not estimate what is available leaves it unknown")
  func noAvailable() throws {
    let bytes = Array("MemTotal: 8 kB\nMemFree: 4 kB\nHugePages_Total:       0\n".utf8)
    let memory = try MachineFiles.memory(bytes.span)
    #expect(memory.total == Bytes(8192))
    #expect(memory.available == nil)
  }

  @Test(
    "a malformed meminfo is refused and named",
    arguments: [
      "", "\n", "MemFree: 4 kB\n", "MemTotal:\n", "MemTotal: kB\n", "MemTotal: 8\n", "MemTotal: 8 MB\n",
      "MemTotal: -8 kB\n", "MemTotal: 8 kB", "MemTotal: 8.5 kB\n", "MemTotal: 9223372036854775807 kB\n",
      "MemTotal: 8 kB\nMemAvailable: x kB\n", "MemTotal 8 kB\n",
    ])
  func malformedMemory(_ text: String) {
    let bytes = Array(text.utf8)
    let error = #expect(throws: LinuxError.self) { try MachineFiles.memory(bytes.span) }
    #expect(error?.doing == "read `/proc/meminfo`")
  }

  @Test(
    "loadavg of each kernel is read",
    arguments: [("uml-6.1", 0), ("debian-6.1", 0.08), ("native-6.18", 1.42)])
  func load(_ kernel: String, _ load: Double) throws {
    let bytes = try Fixture.bytes(kernel, "loadavg")
    #expect(try MachineFiles.load(bytes.span) == load)
  }

  @Test(
    "a malformed loadavg is refused and named",
    arguments: ["", "1\n", "1.5 0.2\n", "-0.10 0.20\n", "x\n", "0.1x 0.20\n", ".10 0.20\n", "1.10"])
  func malformedLoad(_ text: String) {
    let bytes = Array(text.utf8)
    let error = #expect(throws: LinuxError.self) { try MachineFiles.load(bytes.span) }
    #expect(error?.doing == "read `/proc/loadavg`")
  }

  @Test("memory.pressure of each kernel is read", arguments: [("debian-6.1", 24.78), ("native-6.18", 0)])
  func stall(_ kernel: String, _ percent: Double) throws {
    let bytes = try Fixture.bytes(kernel, "memory.pressure")
    #expect(try MachineFiles.stall(bytes.span) == percent)
  }

  @Test(
    "a malformed memory.pressure is refused and named",
    arguments: [
      "", "some\n", "some avg10=\n", "some avg10=0.00", "some avg10=101.00 avg60=0.00\n",
      "full avg10=0.00 avg60=0.00\n", "some avg60=0.00 avg10=0.00\n", "some avg10=-1.00 avg60=0.00\n",
      "some avg10=nan avg60=0.00\n",
    ])
  func malformedStall(_ text: String) {
    let bytes = Array(text.utf8)
    let error = #expect(throws: LinuxError.self) { try MachineFiles.stall(bytes.span) }
    #expect(error?.doing == "read `memory.pressure`")
  }
}
