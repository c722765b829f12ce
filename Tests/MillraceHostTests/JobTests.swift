import CMillraceLinux
import Foundation
import TestSupport
import Testing

/// What a job's process is, what it leaves, and what it can't harm.
@Suite struct JobTests {
  private static let tiers = [MILLRACE_TIER_TEMPLATE, MILLRACE_TIER_COLD]

  @Test("the last result and its media type are in the outcome", arguments: Self.tiers)
  func result(tier: Int) throws {
    let attempt = try TestAttempt("hello", tier: tier)
    let exit = try KeeperProcess.connected().run(attempt)
    #expect(exit.code == CLD_EXITED && exit.status == 0)
    let result = try #require(try attempt.result())
    #expect(result.head.status == 0)
    #expect(text(of: result.head.media_type) == "text/plain")
    #expect(result.bytes == Data("hi".utf8))
  }

  @Test("a log message is one line with its fields quoted where they must be")
  func logLine() throws {
    let attempt = try TestAttempt("hello")
    _ = try KeeperProcess.connected().run(attempt)
    #expect(
      try attempt.logText()
        == "NOTICE hello\\nworld handler=hello words=\"two words\" quote=\"say \\\"hi\\\"\\n\" empty=\"\"\n")
  }

  @Test("progress is thinned out, kept within 0 and 1, and its last word arrives")
  func progress() throws {
    let attempt = try TestAttempt("hello")
    _ = try KeeperProcess.connected().run(attempt)
    let progress = try attempt.progress()
    #expect(progress.first?.fraction == 0.5)
    #expect(progress.first.map { text(of: $0.message) } == "half")
    #expect(progress.count < 50)
    #expect(progress.last?.fraction == 1)
    #expect(progress.last.map { text(of: $0.message) } == "all")
  }

  @Test("a handler gets its job as it was sent", arguments: Self.tiers)
  func job(tier: Int) throws {
    let attempt = try TestAttempt("echo", job: 42, tier: tier)
    _ = try KeeperProcess.connected().run(attempt)
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    #expect(
      try attempt.resultText()
        == "42 2 echo {\"a\":1} input 1893456000000 \(attempt.workDirectory) \(trace)")
  }

  @Test("a job has no rights, few descriptors and a clean environment", arguments: Self.tiers)
  func confinement(tier: Int) throws {
    let attempt = try TestAttempt("report", job: 7, tier: tier)
    _ = try KeeperProcess.connected().run(attempt)
    let lines = try attempt.resultText().split(separator: "\n").map(String.init)
    func expect(_ line: String) { #expect(lines.contains(line), "\(line)") }
    if geteuid() == 0 {
      expect("Uid:\t65534\t65534\t65534\t65534")
      expect("Gid:\t65534\t65534\t65534\t65534")
      expect("Groups:\t ")
      expect("CapBnd:\t0000000000000000")
      // SECBIT_NOROOT, SECBIT_NO_CAP_AMBIENT_RAISE and all locks (capabilities(7)).
      expect("securebits=\(0b1110_1011)")
    }
    for set in ["Inh", "Prm", "Eff", "Amb"] { expect("Cap\(set):\t0000000000000000") }
    expect("NoNewPrivs:\t1")
    expect("SigIgn:\t0000000000000000")
    expect("SigBlk:\t0000000000000000")
    #expect(lines.contains { $0.contains("0::") && $0.hasSuffix(attempt.leaf.name) })
    expect("oom_score_adj=500")
    expect("core=0")
    expect("nofile=256")
    expect("umask=77")
    expect("leader=1")
    expect("directory=\(attempt.workDirectory)")
    let home = attempt.workDirectory
    #expect(
      lines.filter { $0.hasPrefix("env ") } == [
        "env PATH=/usr/local/bin:/usr/bin:/bin", "env LANG=C.UTF-8", "env SWIFT_BACKTRACE=enable=no",
        "env HOME=\(home)", "env TMPDIR=\(home)", "env MILLRACE_JOB=7", "env MILLRACE_ATTEMPT=2",
        "env TRACEPARENT=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "env MILLRACE_HANDLER=report",
      ])
    let channel = tier == MILLRACE_TIER_COLD ? 4 : 3
    #expect(
      lines.filter { $0.hasPrefix("fd ") }.sorted()
        == ["fd 0 kept", "fd 1 kept", "fd 2 kept", "fd \(channel) cloexec"])
  }

  @Test("a handler that says no leaves its code, its words and whether to try again")
  func failure() throws {
    let attempt = try TestAttempt("fails")
    let exit = try KeeperProcess.connected().run(attempt)
    #expect(exit.code == CLD_EXITED && exit.status == 1)
    let head = try #require(try attempt.result()).head
    #expect(head.status == 1)
    #expect(head.retryable == 1)
    #expect(text(of: head.code) == "not_found")
    #expect(text(of: head.message) == "there is no such thing")
  }

  @Test("a handler that fails without a reason is given one")
  func silentFailure() throws {
    let attempt = try TestAttempt("fails-silently")
    let exit = try KeeperProcess.connected().run(attempt)
    #expect(exit.code == CLD_EXITED && exit.status == 1)
    let head = try #require(try attempt.result()).head
    #expect(text(of: head.code) == "failed")
    #expect(text(of: head.message) == "handler `fails-silently` returned 7 and gave no reason")
  }

  @Test("a handler that the plugin does not have is missing")
  func missingHandler() throws {
    let attempt = try TestAttempt("nothing")
    let exit = try KeeperProcess.connected().run(attempt)
    #expect(exit.code == CLD_EXITED && exit.status == 125)
    let head = try #require(try attempt.result()).head
    #expect(head.status == 2)
    #expect(text(of: head.code) == "handler_missing")
    #expect(try attempt.logText().hasPrefix("error: plugin `"))
  }

  @Test("a plugin that can't be loaded is refused", arguments: Self.tiers)
  func refusedPlugin(tier: Int) throws {
    let attempt = try TestAttempt("first", plugin: try FixturePlugin.faulty("NEWER_ABI"), tier: tier)
    let exit = try KeeperProcess.connected().run(attempt)
    #expect(exit.code == CLD_EXITED && exit.status == 125)
    let head = try #require(try attempt.result()).head
    #expect(head.status == 2)
    #expect(text(of: head.code) == "plugin_refused")
    #expect(text(of: head.message).contains("plugin interface 99"))
  }

  @Test("a work directory that can't be entered is the host's failure")
  func missingDirectory() throws {
    let attempt = try TestAttempt("hello")
    rmdir(attempt.workDirectory)
    let exit = try KeeperProcess.connected().run(attempt)
    #expect(exit.status == 125)
    let head = try #require(try attempt.result()).head
    #expect(text(of: head.code) == "host_failed")
    #expect(text(of: head.message).hasSuffix("No such file or directory"))
  }

  @Test("a handler that crashes or exits by itself leaves no outcome")
  func wordless() throws {
    let keeper = try KeeperProcess.connected()
    let crash = try TestAttempt("crashes", job: 1)
    let crashed = try keeper.run(crash)
    #expect(crashed.code == CLD_KILLED && crashed.status == SIGSEGV)
    #expect(try crash.result() == nil)
    let leave = try TestAttempt("calls-exit", job: 2)
    let left = try keeper.run(leave)
    #expect(left.code == CLD_EXITED && left.status == 0)
    #expect(try leave.result() == nil)
  }

  @Test("a handler that closes every descriptor still leaves its outcome")
  func closedDescriptors() throws {
    let attempt = try TestAttempt("closes-everything")
    let exit = try KeeperProcess.connected().run(attempt)
    #expect(exit.code == CLD_EXITED && exit.status == 0)
    #expect(try attempt.resultText() == "still here")
    #expect(try attempt.logText() == "")
  }

  @Test("garbage on every descriptor reaches the log and the channel, and nothing else")
  func garbage() throws {
    let keeper = try KeeperProcess.connected()
    let attempt = try TestAttempt("writes-garbage", job: 1)
    let exit = try keeper.run(attempt)
    #expect(exit.code == CLD_EXITED && exit.status == 0)
    #expect(try attempt.resultText() == "clean")
    #expect(try attempt.progress().isEmpty)
    #expect(try keeper.run(try TestAttempt("hello", job: 2)).status == 0)
  }

  @Test("a flood of long log lines is cut to whole lines and blocks nobody but the job")
  func flood() throws {
    let keeper = try KeeperProcess.connected()
    let attempt = try TestAttempt("floods-log")
    let (started, pidfd) = try keeper.start(attempt)
    #expect(started.error == 0)
    let lines = try attempt.logText().split(separator: "\n")
    #expect(lines.count == 2000)
    #expect(lines.allSatisfy { $0.hasPrefix("INFO xxx") && $0.hasSuffix("x…") && $0.utf8.count <= 4095 })
    #expect(try keeper.nextExit().status == 0)
    if let pidfd { close(pidfd) }
  }

  @Test("a result over the limit is refused with a word in the log")
  func hugeResult() throws {
    let attempt = try TestAttempt("huge-result", maximumResult: 1000)
    let exit = try KeeperProcess.connected().run(attempt)
    #expect(exit.code == CLD_EXITED && exit.status == 1)
    #expect(try attempt.result()?.head.has_result == 0)
    #expect(try attempt.logText() == "ERROR the result of 8388608 bytes is over the limit of 1000\n")
  }

  @Test("threads may report at once")
  func threads() throws {
    let attempt = try TestAttempt("uses-threads")
    #expect(try KeeperProcess.connected().run(attempt).status == 0)
    #expect(try attempt.resultText() == "threads")
    #expect(try attempt.progress().last?.fraction == 1)
  }

  @Test("what a handler printed and did not flush is in the log")
  func prints() throws {
    let attempt = try TestAttempt("prints")
    #expect(try KeeperProcess.connected().run(attempt).status == 0)
    #expect(try attempt.logText() == "printed without a newline")
  }

  @Test("SIGTERM asks a handler to stop", arguments: Self.tiers)
  func termination(tier: Int) throws {
    let keeper = try KeeperProcess.connected()
    let attempt = try TestAttempt("waits", tier: tier)
    let pidfd = try #require(try keeper.start(attempt).pidfd)
    defer { close(pidfd) }
    #expect(try attempt.firstLogLine() == "INFO waiting\n")
    try check(millrace_pidfd_send_signal(pidfd, SIGTERM), "signal")
    let exit = try keeper.nextExit()
    #expect(exit.code == CLD_EXITED && exit.status == 1)
    #expect(try attempt.result().map { text(of: $0.head.code) } == "cancelled")
  }

  @Test("a handler that ignores SIGTERM is killed with its control group")
  func stubborn() throws {
    let keeper = try KeeperProcess.connected()
    let attempt = try TestAttempt("ignores-termination")
    let pidfd = try #require(try keeper.start(attempt).pidfd)
    defer { close(pidfd) }
    #expect(try attempt.firstLogLine() == "INFO ignoring\n")
    try check(millrace_pidfd_send_signal(pidfd, SIGTERM), "signal")
    try attempt.leaf.kill()
    let exit = try keeper.nextExit()
    #expect(exit.code == CLD_KILLED && exit.status == SIGKILL)
    #expect(try attempt.result() == nil)
  }

  @Test("a description is the result of its attempt")
  func description() throws {
    let attempt = try TestAttempt("", job: -3, tier: MILLRACE_TIER_DESCRIBE, maximumResult: 0)
    let exit = try KeeperProcess.connected().run(attempt)
    #expect(exit.job == -3 && exit.code == CLD_EXITED && exit.status == 0)
    let manifest = try HostProgram.run("describe", try FixturePlugin.handlers()).output
    #expect(try attempt.resultText() + "\n" == String(decoding: manifest, as: UTF8.self))
    #expect(try attempt.result().map { text(of: $0.head.media_type) } == "application/json")
  }

  @Test("a plugin that can't be described is refused in the words of `describe`")
  func refusedDescription() throws {
    let plugin = try FixturePlugin.faulty("CRASH")
    let attempt = try TestAttempt("", plugin: plugin, tier: MILLRACE_TIER_DESCRIBE)
    let exit = try KeeperProcess.connected().run(attempt)
    #expect(exit.code == CLD_EXITED && exit.status == 1)
    let head = try #require(try attempt.result()).head
    #expect(head.status == 1)
    #expect(text(of: head.code) == "plugin_refused")
    #expect(text(of: head.message) == "plugin `\(plugin)` crashed (SIGSEGV) while it was loaded")
  }
}
