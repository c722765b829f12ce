import Foundation
import TestSupport
import Testing

/// How `millrace-host batch` ends what it runs, whoever wants that and whatever has died.
@Suite struct BatchStopTests {
  @Test("a timeout is SIGTERM, then SIGKILL after the grace")
  func timeouts() throws {
    let bundle = try TestBundle(
      [.init("waits", timeout: 300), .init("ignores-termination", id: "2.1", timeout: 300, grace: 300)],
      settings: ["parallel 2"])
    #expect(try bundle.run().status == 0)
    let polite = try bundle.words("1.1.ended")
    #expect(polite["exit"] == "1" && polite["stopped"] == "timeout")
    let deaf = try bundle.words("2.1.ended")
    #expect(deaf["signal"] == "9" && deaf["stopped"] == "timeout")
  }

  @Test("a stop is seen while its attempt runs, and tells what it was", arguments: ["term", "kill"])
  func stop(word: String) throws {
    let bundle = try TestBundle([.init("waits"), .init("hello", id: "2.1")])
    let host = try bundle.start()
    try bundle.wait(for: "waiting", in: "1.1.log")
    try bundle.write("1.1.stop", word + "\n")
    #expect(try host.end().status == 0)
    let ended = try bundle.words("1.1.ended")
    #expect(
      ended["stopped"] == word && ended[word == "term" ? "exit" : "signal"] == (word == "term" ? "1" : "9"))
    // The others go on.
    #expect(try bundle.words("2.1.ended")["exit"] == "0")
  }

  @Test("USR1 has the host beat and look at once")
  func look() throws {
    let bundle = try TestBundle([.init("waits")], settings: ["beat 600", "fence 900"])
    let host = try bundle.start()
    try bundle.wait(for: "waiting", in: "1.1.log")
    kill(host.pid, SIGUSR1)
    try bundle.wait(for: "count 2", in: "heartbeat")
    kill(host.pid, SIGTERM)
    #expect(try host.end().status == 1)
  }

  @Test("a bundle that is closed is killed, and starts nothing more")
  func closed() throws {
    let bundle = try TestBundle([.init("waits"), .init("hello", id: "2.1")])
    let host = try bundle.start()
    try bundle.wait(for: "waiting", in: "1.1.log")
    try bundle.write("closed", "")
    #expect(try host.end().status == 1)
    let ended = try bundle.words("1.1.ended")
    #expect(ended["signal"] == "9" && ended["stopped"] == "closed")
    #expect(bundle.text("2.1.started") == nil)
    #expect(bundle.text("done") == "reason closed\n")
  }

  @Test("one that was closed before it began runs nothing")
  func closedBefore() throws {
    let bundle = try TestBundle([.init("hello")])
    try bundle.write("closed", "")
    #expect(try bundle.run().status == 1)
    #expect(bundle.text("1.1.started") == nil && bundle.text("done") == "reason closed\n")
    // Unless another host may still run some of it.
    let other = try TestBundle([.init("hello")])
    try other.write("1.1.started", "node n0\n")
    try other.write("closed", "")
    #expect(try other.run().status == 1)
    #expect(other.text("done") == nil)
  }

  @Test("SIGTERM to the host is SIGTERM to all, SIGKILL after the grace, and the reason `signal`")
  func termination() throws {
    let bundle = try TestBundle(
      [.init("waits"), .init("ignores-termination", id: "2.1", grace: 500), .init("hello", id: "3.1")],
      settings: ["parallel 2"])
    let host = try bundle.start()
    try bundle.wait(for: "waiting", in: "1.1.log")
    try bundle.wait(for: "ignoring", in: "2.1.log")
    #expect(try host.end(by: SIGTERM).status == 1)
    #expect(try bundle.words("1.1.ended")["stopped"] == "term" && bundle.words("1.1.ended")["exit"] == "1")
    #expect(try bundle.words("2.1.ended")["stopped"] == "term" && bundle.words("2.1.ended")["signal"] == "9")
    #expect(bundle.text("3.1.started") == nil && bundle.text("done") == "reason signal\n")
  }

  @Test("a host whose scribe hangs kills what it runs when the fence is over")
  func hangingScribe() throws {
    let bundle = try TestBundle([.init("waits"), .init("hello", id: "2.1")], settings: ["fence 2"])
    let host = try bundle.start()
    try bundle.wait(for: "waiting", in: "1.1.log")
    let scribe = try #require(try TestBundle.children(of: host.pid, named: "millrace-scribe").first)
    kill(scribe, SIGSTOP)
    let stopped = ContinuousClock.now
    try bundle.wait(until: "the attempt is killed") { try bundle.processes().isEmpty }
    #expect(ContinuousClock.now - stopped > .milliseconds(900))
    #expect(bundle.text("1.1.ended") == nil)
    // What hung may go on: then it says what became of it.
    kill(scribe, SIGCONT)
    #expect(try host.end().status == 1)
    #expect(try bundle.words("1.1.ended")["stopped"] == "fenced")
    #expect(bundle.text("2.1.started") == nil && bundle.text("done") == "reason fenced\n")
  }

  @Test("a host whose spool is full kills what it runs when the fence is over")
  func fullSpool() throws {
    let disk = try SmallDisk(kibibytes: 2048, at: TestDirectory.newPath("small"))
    let bundle = try TestBundle([.init("waits")], settings: ["fence 2"], in: disk.path)
    let host = try bundle.start()
    try bundle.wait(for: "waiting", in: "1.1.log")
    try fill(disk)
    try bundle.wait(until: "the attempt is killed") { try bundle.processes().isEmpty }
    unlink(disk.path + "/filler")
    let run = try host.end()
    #expect(run.status == 1 && run.errors.contains("No space left on device"))
    #expect(try bundle.words("1.1.ended")["stopped"] == "fenced")
    #expect(bundle.text("done") == "reason fenced\n")
  }

  @Test("what a full spool does not take is written, and claimed, once there is room")
  func roomAgain() throws {
    let disk = try SmallDisk(kibibytes: 2048, at: TestDirectory.newPath("small"))
    let bundle = try TestBundle(
      [.init("waits", timeout: 1000), .init("hello", id: "2.1")], settings: ["parallel 1"], in: disk.path)
    let host = try bundle.start()
    try bundle.wait(for: "waiting", in: "1.1.log")
    try fill(disk)
    try bundle.wait(until: "the attempt has ended") { try bundle.processes().isEmpty }
    // The next one is asked for, and more than once.
    usleep(1_500_000)
    #expect(bundle.text("1.1.ended") == nil && (bundle.text("2.1.started") ?? "") == "")
    unlink(disk.path + "/filler")
    #expect(try host.end().status == 0)
    #expect(try bundle.words("1.1.ended")["stopped"] == "timeout" && bundle.words("2.1.ended")["exit"] == "0")
    #expect(bundle.text("done") == "reason finished\n")
  }

  private func fill(_ disk: SmallDisk) throws {
    let filler = open(disk.path + "/filler", O_WRONLY | O_CREAT, 0o600)
    defer { close(filler) }
    let block = [UInt8](repeating: 1, count: 4096)
    while write(filler, block, block.count) > 0 {}
    guard errno == ENOSPC else { throw TestFailure("the disk does not fill: \(errno)") }
  }

  @Test("a supervisor that is killed takes all with it, also what left its session")
  func deadSupervisor() throws {
    let bundle = try TestBundle(
      [.init("waits"), .init("leaves-and-waits", id: "2.1")], settings: ["parallel 2"])
    let host = try bundle.start()
    try bundle.wait(for: "waiting", in: "1.1.log")
    try bundle.wait(for: "waiting", in: "2.1.log")
    let scribe = try #require(try TestBundle.children(of: host.pid, named: "millrace-scribe").first)
    // The one in between, which only forks, may take its time.
    try bundle.wait(until: "both run, and what one has left") { try bundle.processes().count == 3 }
    #expect(try host.end(by: SIGKILL).status == 137)
    try bundle.wait(until: "nothing is left") { try bundle.processes().isEmpty && kill(scribe, 0) != 0 }
    try bundle.wait(until: "the directories are gone") {
      try FileManager.default.contentsOfDirectory(atPath: bundle.temporary).isEmpty
    }
    #expect(bundle.text("done") == nil && bundle.text("1.1.ended") == nil)
  }

  @Test("a scribe that is killed ends the host, with nothing left")
  func deadScribe() throws {
    let bundle = try TestBundle([.init("leaves-and-waits")])
    let host = try bundle.start()
    try bundle.wait(for: "waiting", in: "1.1.log")
    kill(try #require(try TestBundle.children(of: host.pid, named: "millrace-scribe").first), SIGKILL)
    #expect(try host.end().status == 125)
    #expect(try bundle.processes().isEmpty && bundle.text("done") == nil)
  }

  @Test("a warden that is killed ends its attempt, with nothing left, and the next one runs")
  func deadWarden() throws {
    let bundle = try TestBundle([.init("leaves-and-waits"), .init("hello", id: "2.1")])
    let host = try bundle.start()
    try bundle.wait(for: "waiting", in: "1.1.log")
    kill(try #require(try TestBundle.children(of: host.pid, named: "millrace-warden").first), SIGKILL)
    #expect(try host.end().status == 0)
    #expect(try bundle.words("1.1.ended")["signal"] == "9" && bundle.words("2.1.ended")["exit"] == "0")
    #expect(try bundle.processes().isEmpty)
  }

  @Test("a warden that does nothing any more, as its own job may see to, is ended with all of its processes")
  func stoppedWarden() throws {
    let bundle = try TestBundle([.init("leaves-and-waits", timeout: 1000, grace: 100)])
    let host = try bundle.start()
    try bundle.wait(for: "waiting", in: "1.1.log")
    kill(try #require(try TestBundle.children(of: host.pid, named: "millrace-warden").first), SIGSTOP)
    #expect(try host.end().status == 0)
    #expect(try bundle.words("1.1.ended")["stopped"] == "timeout")
    #expect(try bundle.processes().isEmpty)
  }
}
