import CMillraceLinux
import Foundation
import TestSupport
import Testing

/// `millrace-host batch`: what a bundle's attempts leave in the spool.
@Suite struct BatchTests {
  /// The head of an outcome file, and the result behind it.
  private func outcome(_ bundle: TestBundle, _ id: String) throws -> (head: millrace_outcome, result: String)
  {
    let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(bundle.directory)/\(id).outcome"))
    let size = MemoryLayout<millrace_outcome>.size
    try #require(bytes.count >= size)
    let head = bytes.withUnsafeBytes { $0.loadUnaligned(as: millrace_outcome.self) }
    return (head, String(decoding: bytes.dropFirst(size).prefix(Int(head.result_length)), as: UTF8.self))
  }

  @Test("an attempt that succeeds leaves its outcome, log, progress and end, and the host says `done`")
  func success() throws {
    let bundle = try TestBundle([.init("hello", id: "42.3")])
    let run = try bundle.run()
    #expect(run.status == 0 && run.errors == "")
    let ended = try bundle.words("42.3.ended")
    #expect(ended["node"] == "n1" && ended["exit"] == "0" && ended["stopped"] == nil)
    let times = [try bundle.words("42.3.started")["time"], ended["started"], ended["time"]]
    let numbers = times.compactMap { $0.flatMap { Int64($0) } }
    #expect(numbers.count == 3 && numbers == numbers.sorted())
    #expect(ended["memory-source"] == "rusage" && Int(ended["memory-peak"] ?? "") ?? 0 > 1 << 20)
    #expect(ended["cpu-user"] != nil && ended["cpu-system"] != nil)
    let (head, result) = try outcome(bundle, "42.3")
    #expect(head.magic == MILLRACE_OUTCOME_MAGIC && head.status == 0 && result == "hi")
    #expect(head.terminated == 0)
    #expect(bundle.text("42.3.log")?.hasPrefix("NOTICE hello\\nworld handler=hello") == true)
    #expect(bundle.text("42.3.progress") == "fraction 1.000000\nmessage all\n")
    #expect(bundle.text("done") == "reason finished\n")
    #expect(try bundle.words("heartbeat")["node"] == "n1")
    #expect(try FileManager.default.contentsOfDirectory(atPath: bundle.temporary).isEmpty)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: bundle.directory).allSatisfy {
        !$0.hasSuffix(".new")
      })
  }

  @Test("the end tells a failure, a crash and an exit apart, as the outcome does")
  func ends() throws {
    let names = ["fails", "crashes", "calls-exit", "nothing-of-this-name"]
    let bundle = try TestBundle(names.enumerated().map { .init($1, id: "\($0 + 1).1") })
    #expect(try bundle.run().status == 0)
    #expect(try bundle.words("1.1.ended")["exit"] == "1")
    #expect(text(of: try outcome(bundle, "1.1").head.code) == "not_found")
    #expect(try bundle.words("2.1.ended")["signal"] == "11")
    #expect(try outcome(bundle, "2.1").head.magic == 0)
    #expect(try bundle.words("3.1.ended")["exit"] == "0")
    #expect(try outcome(bundle, "3.1").head.magic == 0)
    #expect(try bundle.words("4.1.ended")["exit"] == "125")
    #expect(text(of: try outcome(bundle, "4.1").head.code) == "handler_missing")
  }

  @Test("a job has a clean environment, no way to rights, and a directory of its own that is gone later")
  func confinement() throws {
    let bundle = try TestBundle([.init("report", id: "7.2")])
    #expect(try bundle.run().status == 0)
    let lines = try outcome(bundle, "7.2").result.split(separator: "\n").map(String.init)
    for line in [
      "NoNewPrivs:\t1", "CapEff:\t0000000000000000", "nofile=256", "umask=77", "leader=1", "core=0",
    ] {
      #expect(lines.contains(line), "\(line)")
    }
    let directory = try #require(lines.first { $0.hasPrefix("directory=") }?.dropFirst("directory=".count))
    #expect(directory.hasPrefix(bundle.temporary + "/") && access(String(directory), F_OK) != 0)
    #expect(lines.contains("env MILLRACE_JOB=7") && lines.contains("env MILLRACE_ATTEMPT=2"))
    // Of the node's own only what it has been given there, and no key.
    #expect(lines.contains("env SLURMD_NODENAME=n1") && lines.contains("env CUDA_VISIBLE_DEVICES=1"))
    #expect(!lines.contains { $0.hasPrefix("env SLURM_JWT") || $0.hasPrefix("env LD_") })
    #expect(
      lines.filter { $0.hasPrefix("fd ") }.sorted() == [
        "fd 0 kept", "fd 1 kept", "fd 2 kept", "fd 3 cloexec",
      ])
  }

  @Test("an outcome notes a SIGTERM, whoever sent it")
  func terminated() throws {
    let bundle = try TestBundle([.init("waits")])
    let host = try bundle.start()
    // One that comes before the handler runs ends the process by itself.
    try bundle.wait(for: "waiting", in: "1.1.log")
    for job in try bundle.processes() { kill(job, SIGTERM) }
    try bundle.wait(until: "it has ended") { bundle.text("1.1.ended") != nil }
    #expect(try host.end().status == 0)
    #expect(try bundle.words("1.1.ended")["stopped"] == nil)
    #expect(try outcome(bundle, "1.1").head.terminated == 1)
  }

  @Test("a job's deadline counts from its start here, unless it has an earlier one of its own")
  func deadlines() throws {
    let early = Int64(Date().timeIntervalSince1970 * 1000) + 30_000
    let bundle = try TestBundle([
      .init("report", id: "1.1", timeout: 60_000), .init("report", id: "2.1"),
      .init("report", id: "3.1", timeout: 60_000, deadline: early),
    ])
    #expect(try bundle.run().status == 0)
    func deadline(_ id: String) throws -> Int64? {
      try outcome(bundle, id).result.split(separator: "\n").first { $0.hasPrefix("deadline=") }
        .flatMap { Int64($0.dropFirst("deadline=".count)) }
    }
    let started = try #require(try bundle.words("1.1.ended")["started"].flatMap { Int64($0) }) / 1000
    let late = try #require(try deadline("1.1"))
    #expect((started + 60_000...started + 120_000).contains(late))
    #expect(try deadline("2.1") == 0)
    #expect(try deadline("3.1") == early)
  }

  @Test("an ordinary user runs a bundle of its own, in a spool of which nothing else is its")
  func ordinaryUser() throws {
    let bundle = try TestBundle([.init("report")])
    let files = try FileManager.default.contentsOfDirectory(atPath: bundle.directory)
    for path in [bundle.directory, bundle.temporary] + files.map({ "\(bundle.directory)/\($0)" }) {
      try check(chown(path, TestAttempt.uid, TestAttempt.uid), "hand over \(path)")
    }
    chmod(bundle.directory, 0o700)
    let words = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    let run = try bundle.start(through: words).end()
    #expect(run.status == 0 && run.errors == "")
    let lines = try outcome(bundle, "1.1").result.split(separator: "\n").map(String.init)
    #expect(lines.contains("Uid:\t65534\t65534\t65534\t65534") && lines.contains("NoNewPrivs:\t1"))
    #expect(bundle.text("done") == "reason finished\n")
  }

  @Test("a log is held to its cap: the head, what is missing, the tail")
  func logCap() throws {
    let bundle = try TestBundle([.init("floods-log")], settings: ["log 100000"])
    #expect(try bundle.run().status == 0)
    let log = try #require(bundle.text("1.1.log"))
    #expect(log.utf8.count <= 100_000 + 40)
    #expect(log.hasPrefix("INFO xxx") && log.hasSuffix("x\u{2026}\n"))
    #expect(log.contains("bytes dropped …\n"))
  }

  @Test("a checkpoint reaches the spool while its attempt runs, and the next attempt gets it")
  func checkpoint() throws {
    let bundle = try TestBundle([.init("saves", timeout: 60_000)])
    let host = try bundle.start()
    try bundle.wait(until: "a checkpoint is saved") { bundle.text("1.1.outcome") != nil }
    let saved = try outcome(bundle, "1.1").head
    #expect(saved.magic == 0 && saved.checkpoint_generation > 0 && saved.checkpoint_length.0 == 6)
    let all = try Data(contentsOf: URL(fileURLWithPath: "\(bundle.directory)/1.1.outcome"))
    #expect(all.suffix(6) == Data("second".utf8))
    try bundle.write("1.1.stop", "kill\n")
    #expect(try host.end().status == 0)
    let next = try TestBundle([.init("saves", id: "1.2", checkpoint: "second")])
    try next.run()
    #expect(try outcome(next, "1.2").result == "second")
  }

  @Test("what an attempt leaves behind, in whatever session, is gone at its end, and nothing of a neighbour")
  func orphans() throws {
    let bundle = try TestBundle(
      [.init("waits"), .init("forks-twice", id: "2.1")], settings: ["parallel 2"])
    let host = try bundle.start()
    try bundle.wait(for: "exit 0", in: "2.1.ended")
    try bundle.wait(for: "waiting", in: "1.1.log")
    #expect(try bundle.processes().count == 1)
    try bundle.write("1.1.stop", "term\n")
    #expect(try host.end().status == 0)
    #expect(try bundle.processes().isEmpty)
  }

  @Test("a bundle of a hundred attempts of 10 ms is worked off, in its order, each once")
  func hundred() throws {
    let bundle = try TestBundle((1...100).map { .init("naps", id: "\($0).1") })
    let began = ContinuousClock.now
    #expect(try bundle.run().status == 0)
    let seconds = (ContinuousClock.now - began) / .seconds(1)
    print("100 attempts of 10 ms one after the other: \(Int(100 / seconds)) attempts/s")
    let starts = try (1...100).map { try #require(Int64(try bundle.words("\($0).1.ended")["started"] ?? "")) }
    #expect(starts == starts.sorted())
  }

  @Test("a host that is started again, or beside another one, runs nothing a second time")
  func twice() throws {
    let bundle = try TestBundle([.init("waits"), .init("hello", id: "2.1")])
    let first = try bundle.start()
    try bundle.wait(for: "waiting", in: "1.1.log")
    let second = try bundle.start()
    try bundle.wait(for: "exit 0", in: "2.1.ended")
    let run = try second.end()
    // It must not say that nothing runs: the first one's attempt does.
    #expect(run.status == 125 && run.errors.contains("another host has claimed"))
    #expect(bundle.text("done") == nil)
    try bundle.write("1.1.stop", "term\n")
    #expect(try first.end().status == 0)
    let ended = bundle.text("1.1.ended")
    #expect(bundle.text("done") == "reason finished\n")
    let third = try bundle.run()
    #expect(third.status == 0 && third.errors.contains("is done") && bundle.text("1.1.ended") == ended)
  }

  @Test("a plugin whose file is not what its name says is not loaded, and the others run")
  func wrongPlugin() throws {
    let other = String(repeating: "0", count: 64)
    let bundle = try TestBundle([
      .init("hello", sha256: other), .init("hello", id: "2.1"), .init("hello", id: "3.1"),
    ])
    let real = try #require(
      try FileManager.default.contentsOfDirectory(atPath: bundle.spool + "/plugins").first)
    let path = "\(bundle.spool)/plugins/\(other).so"
    try FileManager.default.copyItem(atPath: "\(bundle.spool)/plugins/\(real)", toPath: path)
    #expect(try bundle.run().status == 0)
    let ended = try bundle.words("1.1.ended")
    #expect(ended["fault"]?.contains("another SHA-256 than its name says") == true)
    #expect(ended["exit"] == nil && ended["signal"] == nil && ended["started"] == nil)
    #expect(try bundle.words("2.1.ended")["exit"] == "0" && bundle.words("3.1.ended")["exit"] == "0")
    // A link could lead anywhere, also to a file that is as it should be.
    let linked = try TestBundle([.init("hello", sha256: other)])
    symlink(real, "\(linked.spool)/plugins/\(other).so")
    #expect(try linked.run().status == 0)
    #expect(try linked.words("1.1.ended")["fault"] != nil)
  }

  @Test("an attempt whose payload is missing, or is no file, has a fault")
  func payloads() throws {
    let bundle = try TestBundle([.init("hello"), .init("hello", id: "2.1"), .init("hello", id: "3.1")])
    unlink("\(bundle.directory)/1.1.payload")
    unlink("\(bundle.directory)/2.1.payload")
    symlink("3.1.payload", "\(bundle.directory)/2.1.payload")
    #expect(try bundle.run().status == 0)
    #expect(try bundle.words("1.1.ended")["fault"]?.contains("is not in the spool") == true)
    #expect(try bundle.words("2.1.ended")["fault"]?.contains("2.1.payload") == true)
    #expect(try bundle.words("3.1.ended")["exit"] == "0")
  }
}
