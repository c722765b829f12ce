import ArgumentParser
import FoundationEssentials
import Glibc
import MillraceCore
import MillraceStore
import MillraceWire
import Testing
import TestSupport

@testable import millraced

@Suite("Doctor: everything else")
struct CheckTests {
  @Test(
    "a kernel is judged by its version and its pressure figures",
    arguments: [
      ("5.4.0-generic", true, Finding.Status.failure, "start in a cgroup"),
      ("5.10.0-28-amd64", true, .failure, "`cgroup.kill` (Linux 5.14)"),
      ("5.15.0", true, .warning, "`memory.peak` (Linux 5.19)"), ("6.1.0-49-amd64", false, .warning, "PSI"),
      ("6.1.0-49-amd64", true, .ok, "without `pids.peak` (Linux 6.6)"), ("6.6", true, .ok, "Linux 6.6"),
      ("7.0-rc1", true, .ok, "Linux 7.0-rc1"), ("", true, .failure, "no version"),
      ("six.one", true, .failure, "no version"), ("6", true, .failure, "no version"),
    ])
  func kernel(release: String, hasPressure: Bool, status: Finding.Status, words: String) {
    let finding = KernelCheck(release: release, hasPressureFigures: hasPressure).finding()
    #expect(finding.status == status)
    #expect(finding.found.contains(words), "\(finding.found)")
  }

  @Test("plugins must be there, and nobody else may own or write them")
  func plugins() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/plugins"
    let check = PluginDirectoryCheck(machine: MachineFiles(), path: path)
    #expect(check.finding().mend == ["mkdir -p -m 755 \(path)"])
    #expect(mkdir(path, 0o755) == 0)
    #expect(check.finding().status == .warning)
    let file = path + "/libx y.so"
    try Data().write(to: URL(filePath: file))
    chmod(file, 0o644)
    #expect(check.finding() == check.ok("1 in `\(path)`"))
    chmod(file, 0o666)
    #expect(check.finding().mend == ["chmod go-w '\(file)'"])
    chmod(path, 0o777)
    #expect(check.finding().found.contains("`\(path)` can be written by others; "))
    chmod(path, 0o755)
    chmod(file, 0o644)
    guard geteuid() == 0 else { return }  // Only root can give a file away.
    chown(file, 4242, 4242)
    let stranger = check.finding()
    #expect(stranger.status == .failure)
    #expect(stranger.mend == ["sudo chown 0 '\(file)'"])
  }

  @Test("the state directory must be the runner's own")
  func state() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/a/b"
    let check = StateDirectoryCheck(machine: MachineFiles(), path: path)
    #expect(check.finding().found.contains("made at the first start"))
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    chmod(path, 0o700)
    #expect(check.finding() == check.ok("`\(path)`"))
    chmod(path, 0o777)
    #expect(check.finding().mend == ["chmod go-w \(path)"])
    let other = MachineFiles(user: 4242)
    #expect(StateDirectoryCheck(machine: other, path: path).finding().found.contains("belongs to user"))
    try Data().write(to: URL(filePath: directory.path + "/file"))
    let file = StateDirectoryCheck(machine: MachineFiles(), path: directory.path + "/file")
    #expect(file.finding().found.contains("is no directory"))
  }

  @Test(
    "room on the disk is judged by bytes and by files",
    arguments: [
      (50_000, 100_000, 0, 0, Finding.Status.ok), (400, 1000, 100, 100_000, .warning),
      (1000, 100_000, 100, 100_000, .warning), (63, 100, 0, 0, .failure),
      (50_000, 100_000, 1_000_000, 999, .failure),
    ])
  func disk(free: Int, total: Int, files: Int, freeFiles: Int, status: Finding.Status) {
    let space = DiskCheck.Space(
      free: .mebibytes(Int64(free)), total: .mebibytes(Int64(total)), files: UInt64(files),
      freeFiles: UInt64(freeFiles))
    #expect(DiskCheck(path: "/x", space: space).finding().status == status)
    #expect(DiskCheck(path: "/x", space: nil).finding().status == .failure)
  }

  @Test("a database that is missing, foreign or damaged is told apart")
  func database() async throws {
    let directory = try TemporaryDirectory()
    let file = directory.path + "/millrace.db"
    #expect(await DatabaseCheck(file: file).finding().found.contains("none yet"))
    try Data("this is no database, whatever its name says; it is long enough to be looked at".utf8)
      .write(to: URL(filePath: file))
    #expect(await DatabaseCheck(file: file).finding().status == .failure)
    try Data().write(to: URL(filePath: file))
    let empty = await DatabaseCheck(file: file).finding()
    #expect(empty.status == .failure)
    #expect(empty.mend.first == "cp -a \(file) \(file).damaged")
  }

  @Test("a record that is whole, damaged, too large for the time, or in use is told apart")
  func record() {
    let check = DatabaseCheck(file: "/s/millrace.db", isRunnerThere: true)
    var found = RecordCheck()
    (found.size, found.files, found.orphans) = (.mebibytes(12), 3, 2)
    #expect(
      check.finding(of: found)
        == check.ok(
          "`/s/millrace.db` is whole: 12 MiB, 3 payload files, while the runner works on it; "
            + "2 files more go at the next start"))
    found.isCutShort = true
    #expect(check.finding(of: found).status == .warning)
    #expect(check.finding(of: found).mend == ["millraced doctor --check-time 1h"])
    found.damages = ["row 1 missing from index job_handler", "another"]
    #expect(
      check.finding(of: found).found
        == "`/s/millrace.db` is damaged: row 1 missing from index job_handler, and 1 more")
    #expect(check.finding(of: found).status == .failure)
  }

  @Test("a clock in the past, one behind the record and one that nothing keeps right are told apart")
  func clock() {
    let now = 1_800_000_000
    #expect(ClockCheck(now: now, isSynchronised: true, lastWrite: now).finding().status == .ok)
    #expect(ClockCheck(now: now, isSynchronised: true, lastWrite: nil).finding().status == .ok)
    #expect(ClockCheck(now: now, isSynchronised: false, lastWrite: nil).finding().status == .warning)
    #expect(ClockCheck(now: now, isSynchronised: nil, lastWrite: nil).finding().status == .warning)
    #expect(ClockCheck(now: 0, isSynchronised: true, lastWrite: nil).finding().status == .failure)
    #expect(ClockCheck(now: now, isSynchronised: true, lastWrite: now + 61).finding().status == .failure)
  }

  @Test("memory is told with its pressure, and warned of when it is short")
  func memory() throws {
    let directory = try TemporaryDirectory()
    try FileManager.default.createDirectory(
      atPath: directory.path + "/proc/pressure", withIntermediateDirectories: true)
    func finding(available: Int) throws -> Finding {
      for (name, text) in [
        ("meminfo", "MemTotal:       1000 kB\nMemFree:  5 kB\nMemAvailable:    \(available) kB\n"),
        ("loadavg", "0.50 0.40 0.30 1/100 42\n"),
        ("pressure/memory", "some avg10=1.50 avg60=0.00 avg300=0.00 total=1\n"),
      ] {
        try Data(text.utf8).write(to: URL(filePath: "\(directory.path)/proc/\(name)"))
      }
      return PressureCheck(machine: MachineFiles(root: directory.path), rules: PressureRules()).finding()
    }
    let good = try finding(available: 512)
    #expect(good.status == .ok)
    #expect(good.found == "512 KiB of 1000 KiB available, waited for 1.5 % of the time, load 0.5")
    #expect(try finding(available: 10).status == .warning)
    let none = PressureCheck(machine: MachineFiles(root: "/nowhere"), rules: PressureRules()).finding()
    #expect(none.status == .failure)
  }

  @Test("the answers on a socket are told apart")
  func socket() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/m.sock"
    #expect(SocketCheck.ask(path) == .missing)
    #expect(mknod(path, S_IFSOCK | 0o600, 0) == 0)
    #expect(SocketCheck.ask(path) == .refused(ECONNREFUSED))
    unlink(path)
    try Data().write(to: URL(filePath: path))
    #expect(SocketCheck.ask(path) == .notASocket)
    let view = StatusView(
      version: "0.1", pid: 7, started: "", running: 2, capacity: Resources(slots: 1), used: Resources())
    let body = String(decoding: try Wire.encoder().encode(view), as: UTF8.self)
    let whole = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n\(body)"
    #expect(SocketCheck.read(Array(whole.utf8)) == .status(view))
    let finding = SocketCheck(path: path, answer: .status(view)).finding()
    #expect(finding.found == "0.1, process 7, 2 attempts run")
    let short = StatusView(
      version: "0.1", pid: 7, started: "", capacity: Resources(), used: Resources(), pressure: .warning,
      pressureCause: "warning: the attempts use 9 MiB of 10 MiB")
    #expect(
      SocketCheck(path: path, answer: .status(short)).finding().found
        == "0.1, process 7, 0 attempts run; memory is short: warning: the attempts use 9 MiB of 10 MiB")
    var away = view
    away.cluster = ClusterView(
      trouble: "slurmctld is away", since: nil, outstanding: 1, waiting: 0, bound: 9, nodes: 2, usable: 0)
    let found = SocketCheck(path: path, answer: .status(away)).finding()
    #expect(found.status == .warning)
    #expect(found.found.hasSuffix("; the cluster can't be used: slurmctld is away"))
    away.cluster?.trouble = nil
    #expect(SocketCheck(path: path, answer: .status(away)).finding().status == .ok)
    for (text, words) in [
      ("HTTP/1.1 403 Forbidden\r\n\r\n", "says `HTTP/1.1 403 Forbidden`"),
      ("SSH-2.0\r\n", "does not speak HTTP"),
      ("", "does not speak HTTP"), ("HTTP/1.1 200 OK\r\nA: b", "breaks off"),
      ("HTTP/1.1 200 OK\r\n\r\n{}", "its status can't be read"),
    ] {
      #expect(SocketCheck.read(Array(text.utf8)) == .other(words))
    }
    for (answer, status) in [
      (SocketCheck.Answer.missing, Finding.Status.warning), (.notASocket, .failure),
      (.refused(ECONNREFUSED), .warning), (.refused(EACCES), .warning), (.refused(EIO), .failure),
      (.other("x"), .warning),
    ] {
      #expect(SocketCheck(path: path, answer: answer).finding().status == status)
    }
  }

  @Test("a host that prints, fails, crashes or is missing is told apart")
  func host() throws {
    let directory = try TemporaryDirectory()
    func script(_ text: String) throws -> String {
      let path = directory.path + "/host"
      try Data("#!/bin/sh\n\(text)\n".utf8).write(to: URL(filePath: path))
      chmod(path, 0o755)
      return path
    }
    #expect(HostCheck.ask(try script("echo millrace-host 0.1; echo more")) == .printed("millrace-host 0.1"))
    #expect(HostCheck.ask(try script("exit 3")) == .exited(code: 3))
    #expect(HostCheck.ask(try script("kill -SEGV $$")) == .killed(signal: SIGSEGV))
    #expect(HostCheck.ask(directory.path + "/none") == .notStarted(ENOENT))
    for answer: HostCheck.Answer in [
      .printed(""), .exited(code: 1), .killed(signal: 9), .silent, .notStarted(2),
    ] {
      #expect(HostCheck(path: "/h", answer: answer).finding().status == .failure)
    }
  }

  @Test("every check tells something on this machine, in the order of the table")
  func thisMachine() async throws {
    let directory = try TemporaryDirectory()
    let command = try DoctorCommand.parse([
      "--state", directory.path + "/state", "--plugins", directory.path, "--socket",
      directory.path + "/m.sock", "-o", "json",
    ])
    let findings = await command.findings()
    #expect(
      findings.map(\.check) == [
        "configuration", "kernel", "cgroup v2", "controllers", "cgroup root", "left-overs", "host", "plugins",
        "state", "database", "disk", "clock", "memory", "runner",
      ])
    #expect(findings.allSatisfy { !$0.found.isEmpty })
    #expect(findings.last?.found.hasPrefix("none runs") == true)
  }

  @Test("a configuration that can't be read is a finding with all of its mistakes")
  func configuration() async throws {
    let directory = try TemporaryDirectory()
    let file = directory.path + "/m.yaml"
    try Data("stat: /x\nuser: [a]\n".utf8).write(to: URL(filePath: file))
    let finding = await (try DoctorCommand.parse(["--config", file])).findings().first
    #expect(finding?.status == .failure)
    #expect(finding?.found.split(separator: "\n").count == 2)
  }

  @Test("the table shows a finding a line with its commands below; JSON has the same")
  func report() throws {
    let findings = [
      Finding(check: "kernel", status: .ok, found: "Linux 6.1"),
      Finding(check: "disk", status: .failure, found: "full\nreally", mend: ["df -h"]),
    ]
    #expect(
      DoctorReport.table(of: findings) == """
        ok       kernel  Linux 6.1
        failure  disk    full
                         really
                         $ df -h

        1 failure, 0 warnings

        """)
    let json = try DoctorReport.json(of: findings)
    let value = try JSONDecoder().decode(JSONValue.self, from: Data(json.utf8))
    #expect(value.array?.last?.object?["mend"] == .array([.string("df -h")]))
    #expect(value.array?.first?.object?["status"] == .string("ok"))
  }

  @Test("a path goes into a command as one word")
  func quoting() {
    #expect(quoted("/var/lib/millrace") == "/var/lib/millrace")
    #expect(quoted("/a b") == "'/a b'")
    #expect(quoted("/it's") == "'/it'\\''s'")
    #expect(quoted("") == "''")
  }
}
