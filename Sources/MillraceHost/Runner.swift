import CMillraceLinux
import CMillraceLinux.Libc

/// The keeper's connection to the runner. Sending never blocks: what the socket doesn't take now is kept back
/// (at most one answer; all else is told from the table of attempts), and nothing more is read until it is
/// gone.
struct Runner {
  let socket: Int32
  /// Whether the greeting is still to be sent.
  private var isGreeted = false
  /// An answer that the socket did not take.
  private var answer: Answer?
  /// Whether the runner reads no more; what it still has sent is read to its end.
  private var isDeaf = false

  private enum Answer {
    /// The pidfd, or -1, is the kept attempt's, which is not forgotten before this is sent.
    case started(millrace_keeper_started, pidfd: Int32)
    case listed(millrace_keeper_listed)
  }

  init(socket: Int32) { self.socket = socket }

  /// Whether requests may be read: nothing is kept back.
  var isReady: Bool { isDeaf || isGreeted && answer == nil }

  /// Whether the other end has closed.
  var isHungUp: Bool {
    var state = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
    return poll(&state, 1, 0) > 0 && state.revents & Int16(POLLHUP) != 0
  }

  /// Stops sending to an end that has closed.
  mutating func hangUp() {
    isDeaf = true
    answer = nil
  }

  /// Ends the connection.
  mutating func disconnect() {
    answer = nil
    close(socket)
  }

  /// Answers a START; `pidfd` is the process's, or -1.
  mutating func answer(_ started: millrace_keeper_started, pidfd: Int32) {
    precondition(answer == nil, "requests are read only when nothing is kept back")
    answer = .started(started, pidfd: pidfd)
    sendAnswer()
  }

  /// Answers a LIST.
  mutating func answer(_ listed: millrace_keeper_listed) {
    precondition(answer == nil, "requests are read only when nothing is kept back")
    answer = .listed(listed)
    sendAnswer()
  }

  /// Sends what the runner does not know yet. Returns whether all of it went.
  mutating func tell(_ attempts: inout KeptAttempts, _ hosts: inout KeptHosts) -> Bool {
    if !isGreeted {
      let hello = millrace_keeper_hello(
        type: UInt32(MILLRACE_KEEPER_HELLO), protocol: UInt32(MILLRACE_KEEPER_PROTOCOL), pid: getpid(),
        kept: UInt32(attempts.knowableCount))
      guard send(hello) else { return false }
      isGreeted = true
    }
    guard sendAnswer() else { return false }
    guard tell(&hosts) else { return false }
    while let index = attempts.nextNews() {
      let attempt = attempts.all[index]
      if case .told = attempt.birth {
        guard tell(attempt) else { return false }
        attempts.learned(index)
      } else {
        guard tellBirth(of: attempt) else { return false }
        attempts.learnedBirth(index)
      }
    }
    return true
  }

  /// Tells what became of the process that a warm host was asked for.
  private mutating func tellBirth(of attempt: KeptAttempt) -> Bool {
    var started = millrace_keeper_started(
      MILLRACE_KEEPER_STARTED, job: attempt.job, attempt: attempt.attempt, result: attempt.pid)
    if case .made(let microseconds) = attempt.birth { started.fork_us = microseconds }
    if let ending = attempt.ending {
      started.exited = 1
      (started.code, started.status, started.ended_us) = (ending.code, ending.status, ending.time_us)
    }
    if case .failed(let error) = attempt.birth { started.error = error }
    return send(started, (attempt.pidfd, -1, -1, -1), count: attempt.pidfd >= 0 ? 1 : 0)
  }

  private mutating func tell(_ hosts: inout KeptHosts) -> Bool {
    while let index = hosts.all.firstIndex(where: { !$0.news.isEmpty }) {
      guard send(hosts.all[index].news[0]) else { return false }
      hosts.learned(index)
    }
    return true
  }

  private mutating func tell(_ attempt: KeptAttempt) -> Bool {
    let ending = attempt.ending ?? millrace_ending()
    if attempt.isKnown {
      return send(
        millrace_keeper_exited(
          type: UInt32(MILLRACE_KEEPER_EXITED), attempt: attempt.attempt, job: attempt.job,
          code: ending.code, status: ending.status, ended_us: ending.time_us))
    }
    let kept = millrace_keeper_kept(
      type: UInt32(MILLRACE_KEEPER_KEPT), attempt: attempt.attempt, job: attempt.job, pid: attempt.pid,
      exited: attempt.ending == nil ? 0 : 1, code: ending.code, status: ending.status,
      tier: attempt.tier, ended_us: ending.time_us)
    return send(kept, (attempt.outcome, attempt.log, attempt.channel, attempt.pidfd), count: 4)
  }

  @discardableResult
  private mutating func sendAnswer() -> Bool {
    let isSent =
      switch answer {
      case .started(let started, let pidfd): send(started, (pidfd, -1, -1, -1), count: pidfd >= 0 ? 1 : 0)
      case .listed(let listed): send(listed)
      case nil: true
      }
    guard isSent else { return false }
    answer = nil
    return true
  }

  /// Sends a packet. Returns false if the socket is full; a runner that has gone counts as told.
  private mutating func send<Message>(
    _ message: Message, _ descriptors: (Int32, Int32, Int32, Int32) = (-1, -1, -1, -1), count: Int32 = 0
  ) -> Bool {
    guard !isDeaf else { return true }
    let result = withUnsafeBytes(of: message) { bytes in
      withUnsafeBytes(of: descriptors) { descriptors in
        millrace_send(
          socket, bytes.baseAddress, bytes.count, descriptors.assumingMemoryBound(to: Int32.self).baseAddress,
          count, 0)
      }
    }
    if result == -Int64(EAGAIN) { return false }
    if result < 0 { isDeaf = true }
    return true
  }
}

extension millrace_keeper_started {
  /// What became of a START or a FORK: the pid of the new process, or a negative errno.
  init(_ type: Int, job: Int64, attempt: Int32, result: Int32, forkMicroseconds: UInt64 = 0) {
    self.init()
    self.type = UInt32(type)
    self.job = job
    self.attempt = attempt
    pid = max(0, result)
    error = max(0, -result)
    fork_us = forkMicroseconds
  }
}
