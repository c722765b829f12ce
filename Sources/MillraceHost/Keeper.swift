import CMillraceLinux
import CMillraceLinux.Libc

/// The parent of all jobs: makes their processes, and keeps how they ended until a runner has it on record.
/// It outlives the runner, and ends when it has nothing to keep and nobody to serve.
struct Keeper {
  let epoll: Int32
  private let signals: Int32
  let packet = Packet()
  let hostPacket = Packet()
  var attempts: KeptAttempts
  var hosts: KeptHosts
  private var runner: Runner?
  /// Whether it ends as soon as nothing is kept: the runner said so, or has gone.
  private(set) var isEnding = false
  private var hasServed = false
  /// Whether children may wait to be reaped.
  private var hasMoreToReap = false
  /// Whether the runner's socket is watched for room instead of requests.
  private var isRoomAwaited = false

  // Descriptors 3 to 6 are the keeper's own for good, so what a request brings never has the number of a
  // descriptor that a job's process is given (`JobProcess`).
  private static let listener: Int32 = 3
  static let ownDescriptors: Int32 = 7

  private static let listenerTag: UInt64 = 1
  private static let signalsTag: UInt64 = 2
  private static let runnerTag: UInt64 = 3

  /// How long it waits for its first runner.
  private static let firstRunnerMilliseconds: Int32 = 60_000
  /// How many children are reaped, and requests read, before something else has its turn.
  static let turn = 64

  /// Prepares the process: everything that jobs inherit from it is as it should be in a job.
  ///
  /// - Parameters:
  ///   - listener: a listening SOCK_SEQPACKET socket.
  ///   - libraries: what most plugins need; they are trusted, their constructors run here.
  /// - Throws: what the kernel or the loader refused.
  init(listener: Int32, preloading libraries: [UnsafePointer<CChar>]) throws(HostError) {
    let hint = "raise the limit of open files"
    try Keeper.openStandardDescriptors()
    if listener != Keeper.listener {
      try check(
        millrace_duplicate(listener, Keeper.listener, 1), "cannot use descriptor \(listener)", hint: hint)
    }
    try check(millrace_close_range(4, UInt32.max), "cannot close descriptors", hint: "Linux 5.14 is needed")
    try check(
      millrace_set_nonblocking(Keeper.listener, 1), "cannot use the listening socket",
      hint: "the keeper is started by `millraced`")
    epoll = try check(millrace_epoll_create(), "cannot make an epoll descriptor", hint: hint)
    signals = try check(millrace_signal_descriptor(), "cannot make a signal descriptor", hint: hint)
    let null = try check(
      millrace_open(AT_FDCWD, "/dev/null", O_RDONLY, 0), "cannot open `/dev/null`", hint: hint)
    try check(millrace_duplicate(null, STDIN_FILENO, 0), "cannot close standard input", hint: hint)
    hosts = KeptHosts(epoll: epoll)
    precondition(epoll == 4 && signals == 5 && null == 6, "the lowest free numbers are used first")

    umask(0o077)
    millrace_reset_signals()
    try check(millrace_block_signals(1), "cannot block signals", hint: "")
    try check(millrace_set_subreaper(), "cannot become the parent of orphans", hint: "Linux 5.14 is needed")
    try Identity.renounce()
    attempts = KeptAttempts(openFiles: try Keeper.raiseOpenFiles())
    try Keeper.preload(libraries)
    try check(
      millrace_epoll_add(epoll, Keeper.listener, Keeper.listenerTag, EPOLLIN.rawValue),
      "cannot watch the listening socket", hint: "")
    try check(
      millrace_epoll_add(epoll, signals, Keeper.signalsTag, EPOLLIN.rawValue), "cannot watch signals",
      hint: "")
  }

  /// Serves runners until there is nothing to keep. Returns the exit code.
  mutating func run() throws(HostError) -> Int32 {
    var ready = [millrace_ready](repeating: millrace_ready(), count: 16)
    while !(isEnding && attempts.all.isEmpty && hosts.all.isEmpty) {
      let wait = hasMoreToReap ? 0 : hasServed ? -1 : Keeper.firstRunnerMilliseconds
      let count = millrace_epoll_wait(epoll, &ready, Int32(ready.count), wait)
      // All signals are blocked; a debugger, or a machine that slept, interrupts all the same.
      if count == -EINTR { continue }
      try check(count, "cannot wait for events", hint: "")
      if count == 0 && !hasServed {
        throw HostError("no runner connected in time", hint: "the keeper is started by `millraced`")
      }
      // The runner first: one that has gone makes room for the next.
      let tags = ready.prefix(Int(count))
      if tags.contains(where: { $0.tag == Keeper.runnerTag }) { serveRunner() }
      // A host tells of a process before it is reaped, mostly.
      for ready in tags where ready.tag & 0xff == Keeper.hostTag { serveHost(UInt32(ready.tag >> 8)) }
      if tags.contains(where: { $0.tag == Keeper.signalsTag }) { takeSignals() }
      if hasMoreToReap { reap() }
      if tags.contains(where: { $0.tag == Keeper.listenerTag }) { acceptRunner() }
      tellRunner()
    }
    return ExitCode.done
  }

  static func openStandardDescriptors() throws(HostError) {
    while true {
      let descriptor = try check(
        millrace_open(AT_FDCWD, "/dev/null", O_RDWR, 0), "cannot open `/dev/null`", hint: "mount /dev")
      guard descriptor > STDERR_FILENO else { continue }
      close(descriptor)
      return
    }
  }

  /// Loads libraries for the children. They bind their symbols now, or every child would do so again.
  private static func preload(_ libraries: [UnsafePointer<CChar>]) throws(HostError) {
    let hint = "take it out of the runner's list of libraries to preload"
    for library in libraries {
      let name = String(cString: library)
      guard dlopen(library, RTLD_NOW | RTLD_LOCAL) != nil else {
        throw HostError("cannot preload `\(name)`: \(PluginLibrary.loaderWords())", hint: hint)
      }
      var tasks = stat()
      // A fork would lose all but one.
      guard stat("/proc/self/task", &tasks) == 0, ForkSafety.threads(in: tasks) == 1 else {
        throw HostError("`\(name)` starts a thread when it is loaded", hint: hint)
      }
    }
  }

  /// Takes as many descriptors as the system allows, and returns how many that are.
  private static func raiseOpenFiles() throws(HostError) -> UInt64 {
    var soft: UInt64 = 0
    var hard: UInt64 = 0
    let number = Int32(RLIMIT_NOFILE.rawValue)
    try check(millrace_get_limit(number, &soft, &hard), "cannot read the limit of open files", hint: "")
    try check(millrace_set_limit(number, hard, hard), "cannot raise the limit of open files", hint: "")
    return hard
  }

  private mutating func acceptRunner() {
    if let runner, runner.isHungUp {
      self.runner?.hangUp()
      while self.runner != nil { readRequests() }
    }
    let socket = millrace_accept(Keeper.listener, 1)
    guard socket >= 0 else { return complain("cannot accept a runner: \(words(for: socket))", at: socket) }
    guard runner == nil, millrace_epoll_add(epoll, socket, Keeper.runnerTag, EPOLLIN.rawValue) == 0 else {
      close(socket)
      return
    }
    runner = Runner(socket: socket)
    isRoomAwaited = false
    attempts.unlearn()
    hasServed = true
    isEnding = false
  }

  func complain(_ complaint: String, at result: Int32) {
    if result != -EAGAIN { put("error: \(complaint)\n", to: STDERR_FILENO) }
  }

  private mutating func serveRunner() {
    tellRunner()
    if runner?.isReady == true { readRequests() }
  }

  /// Sends what is to be sent, and waits for room in the socket if there is too much.
  private mutating func tellRunner() {
    guard var current = runner else { return }
    let isAllSent = current.tell(&attempts, &hosts)
    runner = current
    guard isAllSent == isRoomAwaited else { return }
    isRoomAwaited = !isAllSent
    millrace_epoll_modify(
      epoll, current.socket, Keeper.runnerTag, isAllSent ? EPOLLIN.rawValue : EPOLLOUT.rawValue)
  }

  private mutating func readRequests() {
    for _ in 0..<Keeper.turn {
      guard let current = runner, current.isReady else { return }
      let result = packet.receive(from: current.socket)
      defer { packet.closeDescriptors() }
      if result > 0 {
        handleRequest()
      } else if result == -Int(EAGAIN) {
        return
      } else if result != -Int(ECONNRESET) {
        // ECONNRESET comes once, before what is still to be read.
        return dropRunner()
      }
    }
  }

  private mutating func dropRunner() {
    guard let current = runner else { return }
    // A child that was just born (or is frozen) still holds the socket: closing it here would leave it in
    // epoll.
    millrace_epoll_remove(epoll, current.socket)
    runner?.disconnect()
    runner = nil
    isEnding = true
    endHosts()
  }

  private mutating func handleRequest() {
    if packet.type == UInt32(MILLRACE_KEEPER_START) {
      start()
    } else if let forget = packet.message(as: millrace_keeper_forget.self),
      forget.type == UInt32(MILLRACE_KEEPER_FORGET)
    {
      attempts.forget(forget)
    } else if let held = packet.message(as: millrace_keeper_hold.self),
      held.type == UInt32(MILLRACE_KEEPER_HOLD), packet.descriptorCount == KeptAttempt.descriptorCount
    {
      hold(held)
    } else if let list = packet.message(as: millrace_keeper_list.self),
      list.type == UInt32(MILLRACE_KEEPER_LIST)
    {
      runner?.answer(attempts.page(from: Int(list.from)))
    } else if packet.type == UInt32(MILLRACE_KEEPER_HOST) {
      makeHost()
    } else if packet.type == UInt32(MILLRACE_KEEPER_PREPARE) {
      prepareHost()
    } else if let close = packet.message(as: millrace_keeper_prepare.self),
      close.type == UInt32(MILLRACE_KEEPER_CLOSE)
    {
      if let index = hosts.index(close.host) { hosts.close(index) }
    } else if let quit = packet.message(as: millrace_keeper_quit.self),
      quit.type == UInt32(MILLRACE_KEEPER_QUIT)
    {
      isEnding = true
      endHosts()
    } else {
      put("error: the runner sent a malformed packet of \(packet.length) bytes\n", to: STDERR_FILENO)
    }
  }

  /// Keeps an attempt of a keeper that has died. There is room: the runner has the same limits.
  private mutating func hold(_ held: millrace_keeper_hold) {
    guard attempts.index(job: held.job, attempt: held.attempt) == nil, !attempts.isFull else { return }
    var attempt = KeptAttempt(
      job: held.job, attempt: held.attempt, tier: held.tier, pid: 0, outcome: packet.descriptors[0],
      log: packet.descriptors[1], channel: packet.descriptors[2], pidfd: packet.descriptors[3])
    if held.exited == 1 {
      attempt.ending = millrace_ending(
        time_us: held.ended_us, pid: 0, code: held.code, status: held.status)
      attempt.isEndKnown = true
    }
    attempts.append(attempt)
    for index in 0..<Int(KeptAttempt.descriptorCount) { packet.keep(index) }
  }

  private mutating func start() {
    let start = packet.bytes.assumingMemoryBound(to: millrace_keeper_start.self).pointee
    var pidfd: Int32 = -1
    let pid = makeProcess(start, &pidfd)
    if pid == 0 { return }  // A host makes it; the answer comes with that.
    runner?.answer(
      millrace_keeper_started(
        MILLRACE_KEEPER_STARTED, job: start.job, attempt: start.attempt, result: pid), pidfd: pidfd)
  }

  /// Returns the pid of the new process, 0 if a warm host was asked for it, or a negative errno if there is
  /// none: EBADMSG for a malformed packet, EMFILE if its descriptors were lost, EINVAL for values that make
  /// no sense, EEXIST for an attempt that is known, EAGAIN if no more can be kept, ESHUTDOWN after QUIT,
  /// ENOTCONN if that host is not there, or what clone3 says (ENODEV or ENOENT: the leaf was removed).
  private mutating func makeProcess(_ start: millrace_keeper_start, _ pidfd: inout Int32) -> Int32 {
    guard packet.descriptorCount >= 0 else { return -EMFILE }
    guard StartRequest.isWhole(packet) else { return -EBADMSG }
    guard !isEnding else { return -ESHUTDOWN }
    guard let request = StartRequest(packet) else { return -EINVAL }
    guard request.descriptors.leaf >= Keeper.ownDescriptors else { return -EBADMSG }
    guard attempts.index(job: request.job, attempt: request.attempt) == nil else { return -EEXIST }
    guard !attempts.isFull else { return -EAGAIN }
    if request.tier == UInt32(MILLRACE_TIER_WARM) { return forward(request) }

    let pid = millrace_fork(request.descriptors.leaf, &pidfd)
    if pid == 0 { JobProcess.run(request) }
    guard pid > 0 else { return pid }
    attempts.append(
      KeptAttempt(
        job: request.job, attempt: request.attempt, tier: request.tier, pid: pid,
        outcome: request.descriptors.outcome,
        log: request.descriptors.keptLog, channel: request.descriptors.keptChannel, pidfd: pidfd))
    for index in StartRequest.Descriptors.kept { packet.keep(index) }
    return pid
  }

  private mutating func takeSignals() {
    while true {
      let signal = millrace_signal_read(signals)
      guard signal > 0 else { return }
      if signal == SIGCHLD {
        hasMoreToReap = true
        continue
      }
      // Whoever stops the runner's service must not lose the ends of its jobs.
      if attempts.all.isEmpty {
        isEnding = true
      } else {
        put("notice: signal \(signal) ignored, \(attempts.all.count) attempts are kept\n", to: STDERR_FILENO)
      }
    }
  }

  /// Reaps children and orphans; many orphans at once don't keep the runner waiting.
  private mutating func reap() {
    var ending = millrace_ending()
    for _ in 0..<Keeper.turn {
      guard millrace_peek(&ending) == 1 else { return hasMoreToReap = false }
      reapOne(ending)
    }
    hasMoreToReap = true
  }

  /// Reaps a child that has ended.
  mutating func reapOne(_ ended: millrace_ending) {
    if attempts.awaitedCount > 0, !attempts.holds(ended.pid) { findNewborn(ended.pid) }
    guard millrace_reap_child(ended.pid) == 0 else { return }
    if attempts.holds(ended.pid) {
      attempts.note(ended)
    } else if let host = hosts.note(ended) {
      settle(owedBy: host)
    }
  }
}
