import CMillraceLinux
import Foundation
import TestSupport
import Testing

/// The keeper's side of the protocol in `millrace_keeper.h`.
@Suite struct KeeperTests {
  @Test("a process starts in its leaf, and its end is told")
  func life() throws {
    let keeper = try KeeperProcess.connected()
    let attempt = try TestAttempt("waits", job: 5)
    let (started, pidfd) = try keeper.start(attempt)
    #expect(started.error == 0 && started.job == 5 && started.attempt == 2)
    #expect(try attempt.leaf.processes() == [started.pid])
    let groups = try String(contentsOfFile: "/proc/\(started.pid)/cgroup", encoding: .utf8)
    #expect(groups.split(separator: "\n").contains { $0.hasPrefix("0::") && $0.hasSuffix(attempt.leaf.name) })
    _ = try attempt.firstLogLine()
    try check(millrace_pidfd_send_signal(try #require(pidfd), SIGTERM), "signal")
    let exit = try keeper.nextExit()
    #expect(exit.job == 5 && exit.attempt == 2 && exit.code == CLD_EXITED && exit.status == 1)
    if let pidfd { close(pidfd) }
  }

  @Test("a runner that comes back finds live and ended attempts with their descriptors")
  func readoption() throws {
    let keeper = try KeeperProcess.connected()
    let ended = try TestAttempt("hello", job: 1)
    let crashed = try TestAttempt("crashes", job: 2)
    let live = try TestAttempt("waits", job: 3)
    _ = try keeper.run(ended)
    let pidfd = try #require(try keeper.start(live).pidfd)
    defer { close(pidfd) }
    _ = try live.firstLogLine()
    // It ends while nobody is connected.
    let (_, crashedPidfd) = try keeper.start(crashed)
    keeper.disconnect()
    let gone = try #require(crashedPidfd)
    try waitReadable(gone, "the crash does not come")
    close(gone)

    try #require(try keeper.connect().kept == 3)
    var kept: [Int64: (record: millrace_keeper_kept, descriptors: [Int32])] = [:]
    for _ in 0..<3 {
      guard case .kept(let record, let descriptors) = try keeper.next() else { throw TestFailure("no KEPT") }
      kept[record.job] = (record, descriptors)
    }
    #expect(kept[1]?.record.exited == 1 && kept[1]?.record.status == 0)
    #expect(kept[1]?.record.code == Int32(CLD_EXITED))
    #expect(kept[3]?.record.exited == 0)
    // The crash may have been reaped only just now: then its end follows.
    if kept[2]?.record.exited == 0 { #expect(try keeper.nextExit().job == 2) }

    let found = try #require(kept[1]?.descriptors)
    try #require(found.count == 4)
    try waitReadable(found[3], "its pidfd says that it has ended")
    #expect(try ended.result(from: found[0])?.bytes == Data("hi".utf8))
    var line = [UInt8](repeating: 0, count: 64)
    #expect(read(found[1], &line, line.count) == 64)
    #expect(String(decoding: line, as: UTF8.self).hasPrefix("NOTICE hello"))
    var packet = millrace_progress()
    #expect(read(found[2], &packet, MemoryLayout<millrace_progress>.size) > 0)
    for (_, descriptors) in kept.values { for descriptor in descriptors { close(descriptor) } }

    try check(millrace_pidfd_send_signal(pidfd, SIGTERM), "signal")
    #expect(try keeper.nextExit().job == 3)
  }

  @Test("what is forgotten is dropped, and a keeper that keeps nothing ends with its runner")
  func forgetting() throws {
    let keeper = try KeeperProcess.connected()
    let before = try keeper.openDescriptors()
    let attempt = try TestAttempt("hello", job: 1)
    _ = try keeper.run(attempt)
    #expect(try keeper.openDescriptors() == before + 4)
    keeper.disconnect()
    #expect(try keeper.connect().kept == 1)
    guard case .kept(let record, let descriptors) = try keeper.next() else { throw TestFailure("no KEPT") }
    for descriptor in descriptors { close(descriptor) }
    #expect(record.exited == 1)
    try keeper.forget(attempt)
    keeper.disconnect()
    let ending = try keeper.ending()
    #expect(ending.code == CLD_EXITED && ending.status == 0)
  }

  @Test("what another keeper started is held for the next runner, and let go of when that says so")
  func holding() throws {
    let first = try KeeperProcess.connected()
    let attempt = try TestAttempt("waits", job: 1)
    let pidfd = try #require(try first.start(attempt).pidfd)
    _ = try attempt.firstLogLine()
    try first.signal(SIGKILL)
    #expect(try first.ending().status == SIGKILL)

    let second = try KeeperProcess.connected()
    let before = try second.openDescriptors()
    for _ in 0..<2 { try second.hold(attempt, pidfd: pidfd) }
    close(pidfd)
    second.disconnect()
    #expect(try second.connect().kept == 1)
    guard case .kept(let record, let found) = try second.next() else { throw TestFailure("no KEPT") }
    try #require(found.count == 4)
    #expect(record.job == 1 && record.pid == 0 && record.exited == 0)
    #expect(try second.openDescriptors() == before + 4)
    try check(millrace_pidfd_send_signal(found[3], SIGTERM), "signal")
    try waitReadable(found[3], "it does not end")
    for descriptor in found { close(descriptor) }
    try second.forget(attempt)
    second.disconnect()
    #expect(try second.ending().status == 0)
    #expect(try attempt.result()?.head.status == 1)
  }

  @Test("what is kept is listed page by page")
  func listing() throws {
    let keeper = try KeeperProcess.connected()
    #expect(try keeper.list().total == 0)
    let attempts = try (1...70).map { try TestAttempt("hello", job: $0) }
    for attempt in attempts { _ = try keeper.run(attempt) }
    let first = try keeper.list()
    #expect(first.total == 70 && first.from == 0 && first.count == 64)
    #expect(first.jobs.0 == 1 && first.attempts.0 == 2 && first.jobs.63 == 64)
    let second = try keeper.list(from: 64)
    #expect(second.from == 64 && second.count == 6 && second.jobs.0 == 65)
    #expect(try keeper.list(from: 4000).count == 0)
    for attempt in attempts { try keeper.forget(attempt) }
    #expect(try keeper.list().total == 0)
  }

  @Test("an attempt that is forgotten while it runs is not told of any more")
  func forgettingEarly() throws {
    let keeper = try KeeperProcess.connected()
    let attempt = try TestAttempt("waits", job: 1)
    let pidfd = try #require(try keeper.start(attempt).pidfd)
    defer { close(pidfd) }
    _ = try attempt.firstLogLine()
    try keeper.forget(attempt)
    try check(millrace_pidfd_send_signal(pidfd, SIGTERM), "signal")
    try waitReadable(pidfd, "it does not end")
    // Nothing but the end of the next one is told.
    #expect(try keeper.run(try TestAttempt("hello", job: 2)).job == 2)
  }

  @Test("QUIT ends the keeper after its last record, and nothing is started before that")
  func quitting() throws {
    let keeper = try KeeperProcess.connected()
    let attempt = try TestAttempt("waits", job: 1)
    let pidfd = try #require(try keeper.start(attempt).pidfd)
    defer { close(pidfd) }
    _ = try attempt.firstLogLine()
    try keeper.quit()
    #expect(try keeper.start(try TestAttempt("hello", job: 2)).0.error == ESHUTDOWN)
    try check(millrace_pidfd_send_signal(pidfd, SIGTERM), "signal")
    #expect(try keeper.nextExit().job == 1)
    try keeper.forget(attempt)
    let ending = try keeper.ending()
    #expect(ending.code == CLD_EXITED && ending.status == 0)
  }

  @Test("a keeper with something to keep ignores SIGTERM, one without ends")
  func termination() throws {
    let keeper = try KeeperProcess.connected()
    let attempt = try TestAttempt("hello", job: 1)
    _ = try keeper.run(attempt)
    for signal in [SIGTERM, SIGINT, SIGHUP] { try keeper.signal(signal) }
    #expect(try keeper.run(try TestAttempt("hello", job: 2)).status == 0)
    keeper.disconnect()
    #expect(try keeper.connect().kept == 2)

    let idle = try KeeperProcess.connected()
    try idle.signal(SIGTERM)
    #expect(try idle.ending().status == 0)
  }

  @Test("a second runner is turned away while one is connected")
  func secondRunner() throws {
    let keeper = try KeeperProcess.connected()
    let second = try keeper.openConnection()
    defer { close(second) }
    try waitReadable(second, "it is not turned away")
    var byte: UInt8 = 0
    #expect(recv(second, &byte, 1, 0) == 0)
    #expect(try keeper.run(try TestAttempt("hello")).status == 0)
  }

  @Test("a leaf that was removed is an error, and no process is made")
  func removedLeaf() throws {
    let keeper = try KeeperProcess.connected()
    let attempt = try TestAttempt("hello", job: 1)
    rmdir(attempt.leaf.path)
    let (started, pidfd) = try keeper.start(attempt)
    #expect([ENODEV, ENOENT].contains(started.error))
    #expect(started.pid == 0 && pidfd == nil)
    keeper.disconnect()
    #expect(try keeper.ending().status == 0)
  }

  @Test("a START that makes no sense is answered with an error")
  func malformedStarts() throws {
    let keeper = try KeeperProcess.connected()
    func error(_ change: (inout millrace_keeper_start) -> Void) throws -> Int32 {
      let attempt = try TestAttempt("hello", job: 9)
      change(&attempt.request)
      return try keeper.start(attempt).0.error
    }
    #expect(try error { $0.tier = 77 } == EINVAL)
    #expect(try error { store("relative.so", in: &$0.plugin) } == EINVAL)
    #expect(try error { store("", in: &$0.work_directory) } == EINVAL)
    #expect(try error { $0.max_result = .max } == EINVAL)
    let endless = [UInt8](repeating: UInt8(ascii: "/"), count: Int(MILLRACE_PATH_SIZE))
    #expect(try error { withUnsafeMutableBytes(of: &$0.plugin) { $0.copyBytes(from: endless) } } == EINVAL)
    if geteuid() == 0 {
      #expect(try error { $0.uid = 0 } == EINVAL)
      #expect(try error { $0.gid = 0 } == EINVAL)
    }
    #expect(try keeper.run(try TestAttempt("hello", job: 9)).status == 0)
    #expect(try error { _ in } == EEXIST)
  }

  @Test("packets of the wrong length or with the wrong descriptors do no harm")
  func malformedPackets() throws {
    let keeper = try KeeperProcess.connected()
    let before = try keeper.openDescriptors()
    let attempt = try TestAttempt("hello", job: 9)
    func answer() throws -> Int32 {
      guard case .started(let started, _) = try keeper.next() else { throw TestFailure("no answer") }
      return started.error
    }
    try keeper.send(attempt.request, Array(attempt.descriptors.dropLast()))
    #expect(try answer() == EBADMSG)
    try keeper.send(attempt.request, attempt.descriptors + attempt.descriptors)
    #expect(try answer() == EBADMSG)
    try keeper.send(attempt.request)
    #expect(try answer() == EBADMSG)
    // It says that its payload follows, and there is none.
    attempt.request.payload_length = 8
    try keeper.send(attempt.request, Array(attempt.descriptors.dropLast()))
    #expect(try answer() == EBADMSG)
    attempt.request.payload_length = 0
    try keeper.send(UInt32(MILLRACE_KEEPER_START), attempt.descriptors)
    #expect(try answer() == EBADMSG)
    // No answer belongs to these.
    try keeper.send(UInt8(3), attempt.descriptors)
    try keeper.send(UInt32(MILLRACE_KEEPER_FORGET))
    try keeper.send(UInt64.max)
    try keeper.send(UInt32(MILLRACE_KEEPER_QUIT))
    #expect(try keeper.run(attempt).status == 0)
    #expect(try keeper.openDescriptors() == before + 4)
  }

  @Test("a keeper without free descriptors says so and goes on")
  func descriptorExhaustion() throws {
    let keeper = try KeeperProcess.connected()
    try keeper.limitDescriptors(to: try keeper.openDescriptors() + 3)
    let attempt = try TestAttempt("hello", job: 1)
    #expect(try keeper.start(attempt).0.error == EMFILE)
    try keeper.limitDescriptors(to: 1024)
    #expect(try keeper.run(attempt).status == 0)
  }

  @Test("a keeper that can keep no more says so")
  func fullTable() throws {
    // 32 of them are its own.
    let keeper = try KeeperProcess(through: ["/usr/bin/prlimit", "--nofile=44"])
    try keeper.connect()
    let attempts = try (1...4).map { try TestAttempt("hello", job: $0) }
    for attempt in attempts.dropLast() { _ = try keeper.run(attempt) }
    #expect(try keeper.start(attempts[3]).0.error == EAGAIN)
    try keeper.forget(attempts[0])
    #expect(try keeper.run(attempts[3]).status == 0)
  }

  @Test("a runner that asks and does not listen loses no answer")
  func backPressure() throws {
    let keeper = try KeeperProcess.connected()
    // Too short to name an attempt, so each is answered with an error. An answer is read only when nothing
    // more can be sent: the sockets are full in both directions.
    let count = 3000
    var answers = 0
    func readAnswer() throws {
      guard case .started(let answer, _) = try keeper.next() else { throw TestFailure("no answer") }
      #expect(answer.error == EBADMSG)
      answers += 1
    }
    for _ in 0..<count {
      while !(try keeper.trySend(UInt32(MILLRACE_KEEPER_START))) { try readAnswer() }
    }
    while answers < count { try readAnswer() }
    #expect(try keeper.run(try TestAttempt("hello")).status == 0)
  }

  @Test("an ordinary user's keeper works in a subtree that was delegated to it")
  func delegation() throws {
    let uid = TestAttempt.uid
    let tree = try TestLeaf()
    let own = try TestLeaf(in: tree)
    for group in [tree, own] { try group.delegate(to: uid) }
    let keeper = try KeeperProcess(
      through: ["/usr/bin/setpriv", "--reuid=\(uid)", "--regid=\(uid)", "--clear-groups"], in: own)
    try keeper.connect()
    let attempt = try TestAttempt("report", in: tree)
    try attempt.leaf.delegate(to: uid)
    // Ids are not its to choose.
    attempt.request.uid = 0
    #expect(try keeper.run(attempt).status == 0)
    let lines = try attempt.resultText().split(separator: "\n")
    #expect(lines.contains("Uid:\t\(uid)\t\(uid)\t\(uid)\t\(uid)"))
    #expect(lines.contains("NoNewPrivs:\t1"))
    #expect(lines.contains { $0.contains("0::") && $0.hasSuffix(attempt.leaf.name) })
    keeper.disconnect()
    try own.kill()
  }

  @Test("orphans of a job become the keeper's children and are reaped in silence")
  func orphans() throws {
    let keeper = try KeeperProcess.connected()
    let attempt = try TestAttempt("forks-twice", job: 1)
    #expect(try keeper.run(attempt).status == 0)
    let orphan = try #require(try attempt.leaf.processes().first)
    let status = try String(contentsOfFile: "/proc/\(orphan)/status", encoding: .utf8)
    #expect(status.contains("\nPPid:\t\(keeper.pid)\n"))
    try attempt.leaf.kill()
    #expect(try keeper.run(try TestAttempt("hello", job: 2)).job == 2)
  }

  @Test("many attempts that end before the runner listens are all told")
  func crowd() throws {
    let keeper = try KeeperProcess.connected()
    let attempts = try (1...40).map { try TestAttempt("hello", job: $0) }
    for attempt in attempts { try keeper.send(attempt.request, attempt.descriptors) }
    var started: Set<Int64> = []
    var exited: Set<Int64> = []
    while exited.count < attempts.count {
      switch try keeper.next() {
      case .started(let answer, let pidfd):
        #expect(answer.error == 0 && started.insert(answer.job).inserted)
        if let pidfd { close(pidfd) }
      case .exited(let exit): #expect(exit.status == 0 && exited.insert(exit.job).inserted)
      default: throw TestFailure("something else")
      }
    }
    #expect(started == exited)
    for attempt in attempts { try keeper.forget(attempt) }
    keeper.disconnect()
    #expect(try keeper.ending().status == 0)
  }

  @Test("a library that can't be preloaded ends the keeper with a clear error")
  func preload() throws {
    let keeper = try KeeperProcess(preload: ["/nowhere/lib.so"])
    #expect(try keeper.ending().status == 1)
    let good = try KeeperProcess.connected(preload: ["libm.so.6"])
    #expect(try good.run(try TestAttempt("hello")).status == 0)
  }
}
