import MillraceCore
import MillraceLinux
import Testing

struct CgroupFilesTests {
  private func number(_ key: StaticString, _ kernel: String, _ file: String) throws -> Int64? {
    let bytes = try Fixture.bytes(kernel, file)
    return try CgroupFiles.number(of: key, in: bytes.span, file)
  }

  @Test(
    "cpu.stat of each kernel is read",
    arguments: [
      ("uml-6.1", 3_720_000, 3_620_000, 100_000, 14_710_000),
      ("debian-6.1", 7_684_101, 486_493, 7_197_607, 50_793_103), ("native-6.18", 43_059, 0, 43_059, nil),
    ] as [(String, Int64, Int64, Int64, Int64?)])
  func cpuStat(_ kernel: String, _ usage: Int64, _ user: Int64, _ system: Int64, _ throttled: Int64?) throws {
    #expect(try number("usage_usec", kernel, "cpu.stat") == usage)
    #expect(try number("user_usec", kernel, "cpu.stat") == user)
    #expect(try number("system_usec", kernel, "cpu.stat") == system)
    #expect(try number("throttled_usec", kernel, "cpu.stat") == throttled)
  }

  @Test("memory.events of each kernel tells of the kill", arguments: [("uml-6.1", 98), ("debian-6.1", 105)])
  func memoryEvents(_ kernel: String, _ hits: Int64) throws {
    let keys: [(StaticString, Int64?)] = [
      ("low", 0), ("high", 0), ("max", hits), ("oom", 1), ("oom_kill", 1), ("oom_group_kill", 0),
      ("oom_", nil), ("m", nil), ("maximum", nil),
    ]
    for (key, value) in keys { #expect(try number(key, kernel, "memory.events") == value) }
  }

  @Test(
    "memory.stat of each kernel has what the working set needs",
    arguments: [("uml-6.1", 0), ("debian-6.1", 4096)])
  func memoryStat(_ kernel: String, _ inactive: Int64) throws {
    #expect(try number("inactive_file", kernel, "memory.stat") == inactive)
    #expect(try number("nothing", kernel, "memory.stat") == nil, "it is well-formed to its end")
  }

  @Test("pids.events and cgroup.events are read", arguments: ["uml-6.1", "debian-6.1"])
  func events(_ kernel: String) throws {
    #expect(try number("max", kernel, "pids.events") == 5)
    #expect(try number("populated", kernel, "cgroup.events") == 0)
    #expect(try number("frozen", kernel, "cgroup.events") == 0)
  }

  @Test("files of one number are read", arguments: ["uml-6.1", "debian-6.1"])
  func singles(_ kernel: String) throws {
    func single(_ file: String) throws -> Int64 {
      let bytes = try Fixture.bytes(kernel, file)
      return try CgroupFiles.single(bytes.span, file)
    }
    #expect(try single("pids.peak") == 3)
    let peak = try single("memory.peak")
    #expect(peak > (try single("memory.current")))
    #expect(peak <= 50 << 20)
  }

  private func ioStat(_ text: String) throws -> (read: Bytes, written: Bytes) {
    let bytes = Array(text.utf8)
    return try CgroupFiles.ioStat(bytes.span)
  }

  @Test("io.stat is summed over the devices")
  func ioStat() throws {
    let sums = try ioStat(Fixture.text("debian-6.1", "io.stat"))
    #expect(sums.read == .mebibytes(2))
    #expect(sums.written == .mebibytes(4))
  }

  @Test("an io.stat of nothing counts nothing")
  func ioStatEmpty() throws {
    let sums = try ioStat(Fixture.text("uml-6.1", "io.stat"))
    #expect(sums.read == .zero)
    #expect(sums.written == .zero)
  }

  @Test("a sum of io.stat that is too large is the largest size")
  func ioStatOfTooMuch() throws {
    let most = "rbytes=\(Int64.max) wbytes=\(Int64.max)"
    let sums = try ioStat("8:0 \(most)\n8:16 \(most)\n")
    #expect(sums.read == Bytes(.max))
    #expect(sums.written == Bytes(.max))
  }

  @Test(
    "members of io.stat that are no whole numbers do not matter",
    arguments: [
      "8:0 rbytes=1 wbytes=2 rios=1 wios=1 dbytes=0 dios=0 cost.vrate=100.00 cost.usage=3\n",
      "8:0 \n8:16 rbytes=1 wbytes=2 depth=max\n",
    ])
  func ioStatWithDebugMembers(_ text: String) throws {
    let sums = try ioStat(text)
    #expect(sums.read == Bytes(1))
    #expect(sums.written == Bytes(2))
  }

  @Test(
    "a malformed file of keys is refused and named",
    arguments: [
      "usage_usec\n", "usage_usec \n", "usage_usec x\n", "usage_usec 1 2\n", "usage_usec  1\n", " 1\n",
      "usage_usec -1\n", "usage_usec max\n", "usage_usec 9223372036854775808\n", "usage_usec 1.5\n",
      "usage_usec 1", "usage_usec\t1\n", "\n", "usage_usec 1\r\n", "usage_usec 10000000000000000000000\n",
    ])
  func malformedKeys(_ text: String) {
    let bytes = Array(text.utf8)
    for key: StaticString in ["usage_usec", "another"] {
      let error = #expect(throws: LinuxError.self) {
        try CgroupFiles.number(of: key, in: bytes.span, "cpu.stat")
      }
      #expect(error?.doing == "read `cpu.stat`")
    }
  }

  @Test("a file of keys is read as far as the key, whatever follows")
  func asFarAsNeeded() throws {
    let bytes = Array("a 1\nb 9223372036854775807\ngarbage".utf8)
    #expect(try CgroupFiles.number(of: "b", in: bytes.span, "cpu.stat") == .max)
    #expect(throws: LinuxError.self) { try CgroupFiles.number(of: "c", in: bytes.span, "cpu.stat") }
  }

  @Test("an error shows the line that is malformed, and no more of it than helps")
  func shownLine() {
    let bytes = Array(("a 1\nb x\nc 2\n" + String(repeating: "y", count: 9000)).utf8)
    let error = #expect(throws: LinuxError.self) {
      try CgroupFiles.number(of: "c", in: bytes.span, "1.1/cpu.stat")
    }
    #expect(error?.description == "cannot read `1.1/cpu.stat`: unexpected text `b x`")
    let long = #expect(throws: LinuxError.self) {
      try CgroupFiles.single(bytes.span.extracting(droppingFirst: 12), "memory.peak")
    }
    #expect((long?.description.utf8.count ?? 0) < 140)
  }

  @Test(
    "a malformed file of one number is refused and named",
    arguments: [
      "", "\n", "max\n", "1", "1\n\n", "-1\n", " 1\n", "1 \n", "9223372036854775808\n",
    ])
  func malformedSingle(_ text: String) {
    let bytes = Array(text.utf8)
    let error = #expect(throws: LinuxError.self) { try CgroupFiles.single(bytes.span, "memory.peak") }
    #expect(error?.doing == "read `memory.peak`")
  }

  @Test(
    "a malformed io.stat is refused and named",
    arguments: [
      "sda rbytes=1\n", "8:0 rbytes\n", "8:0 rbytes=\n", "8:0 rbytes=-1\n", "8:0 wbytes=1=2\n",
      "8:0:1 rbytes=1\n",
    ])
  func malformedIO(_ text: String) {
    let error = #expect(throws: LinuxError.self) { try ioStat(text) }
    #expect(error?.doing == "read `io.stat`")
  }

  @Test("a member that is missing is named")
  func missingMember() {
    let bytes = Array("frozen 0\n".utf8)
    let error = #expect(throws: LinuxError.self) {
      try CgroupFiles.member("populated", of: bytes.span, "cgroup.events")
    }
    #expect(error?.description.contains("`populated` is missing") == true)
  }
}
