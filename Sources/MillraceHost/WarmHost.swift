import CMillrace
import CMillraceHost
import CMillraceLinux
import CMillraceLinux.Libc

/// A warm host: a process that has a plugin loaded and warmed up, and forks its jobs with all of that.
///
/// It runs the plugin's code, so it is confined like a job, in a cgroup of its own; see `millrace_gate` for
/// who it is. It serves the keeper until that hangs up.
struct WarmHost {
  private let request: HostRequest
  private let library: PluginLibrary
  private let packet = Packet()

  /// Its own descriptors; whatever else is open belongs to the plugin.
  private static let keeper: Int32 = 3
  private static let tasks: Int32 = 4
  static let firstForeignDescriptor: Int32 = 5

  /// Does what `request` wants, in the keeper's new child. `socket` is its end of the pair.
  static func run(_ request: HostRequest, socket: Int32) -> Never {
    var news = request.news(MILLRACE_KEEPER_READY)
    do throws(HostError) {
      let payload = try arrangeDescriptors(of: request, socket: socket)
      try confine(request, Environment(payload))
      let began = microseconds()
      let library = try PluginLibrary(request.plugin, binding: .early)
      let loaded = microseconds()
      if !request.skipsWarmUp, let warmUp = library.plugin.warm_up, warmUp() != Int32(MILLRACE_OK) {
        throw HostError("its `warm_up` failed", hint: "")
      }
      news.load_us = loaded - began
      news.work_us = microseconds() - loaded
      if let fault = ForkSafety.fault(tasks: tasks) { throw HostError(fault, hint: "") }
      send(news)
      WarmHost(request: request, library: library).serve()
    } catch {
      refuse(&news, error.message)
      _exit(ExitCode.failed)
    }
  }

  private init(request: HostRequest, library: PluginLibrary) {
    self.request = request
    self.library = library
  }

  /// Puts its own where they belong and closes all others. Returns what the payload says.
  private static func arrangeDescriptors(
    of request: HostRequest, socket: Int32
  ) throws(HostError) -> Payload {
    let hint = "raise the limit of open files"
    millrace_duplicate(request.log, STDOUT_FILENO, 0)
    millrace_duplicate(request.log, STDERR_FILENO, 0)
    try check(millrace_duplicate(socket, keeper, 1), "cannot keep a descriptor", hint: hint)
    let payload = try Payload(descriptor: request.payload)
    try check(millrace_close_range(UInt32(tasks), UInt32.max), "cannot close descriptors", hint: hint)
    let opened = try check(
      millrace_open(AT_FDCWD, "/proc/self/task", O_RDONLY | O_DIRECTORY, 0), "cannot open `/proc/self/task`",
      hint: "mount /proc")
    precondition(opened == tasks, "the lowest free number is used first")
    return payload
  }

  private static func confine(_ request: HostRequest, _ environment: Environment) throws(HostError) {
    millrace_block_signals(0)
    setsid()
    try JobProcess.limit(openFiles: request.maximumOpenFiles)
    if let gate = request.gate { try Identity.pass(gate) } else { try Identity.dropCapabilities() }
    guard chdir("/") == 0 else {
      throw HostError("cannot enter `/`: \(words(for: -millrace_error()))", hint: "")
    }
    millrace_set_environment(environment.variables)
  }

  private func serve() -> Never {
    while packet.receive(from: WarmHost.keeper) > 0 {
      if packet.type == UInt32(MILLRACE_KEEPER_START) {
        fork()
      } else if let prepare = PrepareRequest(packet) {
        self.prepare(prepare)
      }
      packet.closeDescriptors()
    }
    _exit(ExitCode.done)
  }

  private func fork() {
    let start = packet.bytes.assumingMemoryBound(to: millrace_keeper_start.self).pointee
    let began = processorMicroseconds()
    let pid = makeProcess()
    WarmHost.send(
      millrace_keeper_started(
        MILLRACE_KEEPER_FORKED, job: start.job, attempt: start.attempt, result: pid,
        forkMicroseconds: processorMicroseconds() - began))
  }

  /// Returns the pid of the new process, or a negative errno.
  private func makeProcess() -> Int32 {
    guard let start = StartRequest(packet, isForwarded: true) else { return -EINVAL }
    guard ForkSafety.threads(WarmHost.tasks) == 1 else { return -EBUSY }
    millrace_write_streams()
    millrace_atfork_prepare()
    let pid = millrace_fork_sibling(start.descriptors.leaf)
    if pid == 0 {
      close(WarmHost.tasks)  // The socket's number becomes the channel's.
      JobProcess.runWarm(start, library, gate: request.gate)
    }
    millrace_atfork_parent()
    return pid
  }

  private func prepare(_ prepare: PrepareRequest) {
    var news = request.news(MILLRACE_KEEPER_PREPARED)
    guard let function = library.handlers.named(prepare.handler)?.prepare else {
      return WarmHost.refuse(&news, "the handler has no `prepare`")
    }
    let began = microseconds()
    let result = function(prepare.key)
    news.work_us = microseconds() - began
    if let fault = ForkSafety.fault(tasks: WarmHost.tasks) {
      WarmHost.refuse(&news, fault)
      _exit(ExitCode.failed)
    }
    guard result == Int32(MILLRACE_OK) else { return WarmHost.refuse(&news, "`prepare` failed") }
    WarmHost.send(news)
  }

  private static func refuse(_ news: inout millrace_keeper_host_news, _ reason: String) {
    news.is_refused = 1
    FixedText.store(reason, in: &news.reason)
    send(news)
  }

  private static func send<Message>(_ message: Message) {
    withUnsafeBytes(of: message) { bytes in
      // The keeper may have gone: the next packet is its end.
      _ = millrace_send(keeper, bytes.baseAddress, bytes.count, nil, 0, 0)
    }
  }
}

/// The monotonic time.
func microseconds() -> UInt64 { microseconds(of: CLOCK_MONOTONIC) }

/// The processor time of this thread: on a busy machine a fork takes longer, but costs no more.
private func processorMicroseconds() -> UInt64 { microseconds(of: CLOCK_THREAD_CPUTIME_ID) }

private func microseconds(of clock: clockid_t) -> UInt64 {
  var time = timespec()
  clock_gettime(clock, &time)
  return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
}
