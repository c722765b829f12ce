import MillraceCore
import MillraceLinux
import Testing

struct CgroupFilesTests {
  @Test(
    "cpu.stat of each kernel is read",
    arguments: [
      ("uml-6.1", 3_720_000, 3_620_000, 100_000, 14_710_000),
      ("debian-6.1", 7_684_101, 486_493, 7_197_607, 50_793_103), ("native-6.18", 43_059, 0, 43_059, nil),
    ] as [(String, Int64, Int64, Int64, Int64?)])
  func cpuStat(_ kernel: String, _ usage: Int64, _ user: Int64, _ system: Int64, _ throttled: Int64?) throws {
    let values = try CgroupFiles.flatKeyed(Fixture.text(kernel, "cpu.stat"), "cpu.stat")
    #expect(values["usage_usec"] == usage)
    #expect(values["user_usec"] == user)
    #expect(values["system_usec"] == system)
    #expect(values["throttled_usec"] == throttled)
  }

  @Test("memory.events of each kernel tells of the kill", arguments: [("uml-6.1", 98), ("debian-6.1", 105)])
  func memoryEvents(_ kernel: String, _ hits: Int64) throws {
    let values = try CgroupFiles.flatKeyed(Fixture.text(kernel, "memory.events"), "memory.events")
    #expect(values == ["low": 0, "high": 0, "max": hits, "oom": 1, "oom_kill": 1, "oom_group_kill": 0])
  }

  @Test("memory.stat of each kernel has what the working set needs", arguments: ["uml-6.1", "debian-6.1"])
  func memoryStat(_ kernel: String) throws {
    let values = try CgroupFiles.flatKeyed(Fixture.text(kernel, "memory.stat"), "memory.stat")
    #expect(values.count > 40)
    #expect(values["inactive_file"] != nil)
  }

  @Test("pids.events and cgroup.events are read", arguments: ["uml-6.1", "debian-6.1"])
  func events(_ kernel: String) throws {
    #expect(try CgroupFiles.flatKeyed(Fixture.text(kernel, "pids.events"), "pids.events") == ["max": 5])
    let events = try CgroupFiles.flatKeyed(Fixture.text(kernel, "cgroup.events"), "cgroup.events")
    #expect(events == ["populated": 0, "frozen": 0])
  }

  @Test("files of one number are read", arguments: ["uml-6.1", "debian-6.1"])
  func singles(_ kernel: String) throws {
    #expect(try CgroupFiles.single(Fixture.text(kernel, "pids.peak"), "pids.peak") == 3)
    let peak = try CgroupFiles.single(Fixture.text(kernel, "memory.peak"), "memory.peak")
    let current = try CgroupFiles.single(Fixture.text(kernel, "memory.current"), "memory.current")
    #expect(peak > current)
    #expect(peak <= 50 << 20)
  }

  @Test("io.stat is summed over the devices")
  func ioStat() throws {
    let sums = try CgroupFiles.ioStat(Fixture.text("debian-6.1", "io.stat"))
    #expect(sums.read == .mebibytes(2))
    #expect(sums.written == .mebibytes(4))
  }

  @Test("an io.stat of nothing counts nothing")
  func ioStatEmpty() throws {
    let sums = try CgroupFiles.ioStat(Fixture.text("uml-6.1", "io.stat"))
    #expect(sums.read == .zero)
    #expect(sums.written == .zero)
  }

  @Test(
    "members of io.stat that are no whole numbers do not matter",
    arguments: [
      "8:0 rbytes=1 wbytes=2 rios=1 wios=1 dbytes=0 dios=0 cost.vrate=100.00 cost.usage=3\n",
      "8:0 \n8:16 rbytes=1 wbytes=2 depth=max\n",
    ])
  func ioStatWithDebugMembers(_ text: String) throws {
    let sums = try CgroupFiles.ioStat(text)
    #expect(sums.read == Bytes(1))
    #expect(sums.written == Bytes(2))
  }

  @Test(
    "a malformed file of keys is refused and named",
    arguments: [
      "usage_usec\n", "usage_usec \n", "usage_usec x\n", "usage_usec 1 2\n", "usage_usec  1\n", " 1\n",
      "usage_usec -1\n", "usage_usec max\n", "usage_usec 9223372036854775808\n", "usage_usec 1.5\n",
      "usage_usec 1\nusage_usec 1\n", "usage_usec\t1\n",
    ])
  func malformedKeys(_ text: String) {
    let error = #expect(throws: LinuxError.self) { try CgroupFiles.flatKeyed(text, "cpu.stat") }
    #expect(error?.doing == "read `cpu.stat`")
  }

  @Test(
    "a malformed file of one number is refused and named",
    arguments: [
      "", "\n", "max\n", "1", "1\n\n", "-1\n", " 1\n", "1 \n", "9223372036854775808\n",
    ])
  func malformedSingle(_ text: String) {
    let error = #expect(throws: LinuxError.self) { try CgroupFiles.single(text, "memory.peak") }
    #expect(error?.doing == "read `memory.peak`")
  }

  @Test(
    "a malformed io.stat is refused and named",
    arguments: [
      "sda rbytes=1\n", "8:0 rbytes\n", "8:0 rbytes=\n", "8:0 rbytes=-1\n", "8:0 wbytes=1=2\n",
      "8:0:1 rbytes=1\n",
    ])
  func malformedIO(_ text: String) {
    let error = #expect(throws: LinuxError.self) { try CgroupFiles.ioStat(text) }
    #expect(error?.doing == "read `io.stat`")
  }

  @Test("a member that is missing is named")
  func missingMember() {
    let error = #expect(throws: LinuxError.self) {
      try CgroupFiles.member("populated", of: ["frozen": 0], "cgroup.events")
    }
    #expect(error?.description.contains("`populated` is missing") == true)
  }
}
