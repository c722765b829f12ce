import CMillrace
import CMillraceHost
import CMillraceLinux
import CMillraceLinux.Libc

/// A job's process, from its birth in its leaf to its end. Everything that it may not have is gone before the
/// plugin is loaded: its constructors are the first foreign code, and nothing but the log and the channel is
/// open then.
enum JobProcess {
  /// The channel's number. After an exec (`cold`) the payload and the outcome follow it.
  private static let channel: Int32 = 3
  private static let coldPayload: Int32 = 4
  private static let coldOutcome: Int32 = 5

  /// Code of an outcome whose job the host could not run.
  private enum Code {
    static let hostFailed: StaticString = "host_failed"
    static let pluginRefused: StaticString = "plugin_refused"
    static let handlerMissing: StaticString = "handler_missing"
  }

  /// Does what `request` wants, in the keeper's new child.
  static func run(_ request: StartRequest) -> Never {
    millrace_block_signals(0)
    setsid()
    millrace_duplicate(request.descriptors.log, STDOUT_FILENO, 0)
    millrace_duplicate(request.descriptors.log, STDERR_FILENO, 0)
    let outcome = outcome(of: request)
    do throws(HostError) {
      var payload = try request.readPayload()
      payload.limit(to: request.deadline)
      let isCold = request.tier == UInt32(MILLRACE_TIER_COLD)
      try arrangeDescriptors(request.descriptors, isCold: isCold)
      try confine(request)
      let environment = Environment(
        directory: request.directory, payload: payload, isAllocated: request.isAllocated)
      if isCold { try execute(request, environment) }
      millrace_set_environment(environment.variables)
      if request.tier == UInt32(MILLRACE_TIER_DESCRIBE) { describe(request.plugin, outcome) }
      try runHandler(
        of: load(request.plugin, outcome), plugin: request.plugin, directory: request.directory, payload,
        outcome, channel: channel)
    } catch {
      end(outcome, .host, Code.hostFailed, error)
    }
  }

  /// Runs the job after the exec of a cold start: the process is confined already.
  static func runCold(plugin: UnsafePointer<CChar>, directory: UnsafePointer<CChar>) -> Never {
    let outcome = orEnd { () throws(HostError) in try Outcome(descriptor: coldOutcome) }
    do throws(HostError) {
      let payload = try Payload(descriptor: coldPayload)
      // Programs that the handler starts don't get the channel.
      let moved = try check(
        millrace_duplicate(channel, coldPayload, 1), "cannot keep the channel", hint: "")
      close(channel)
      millrace_close_range(UInt32(coldOutcome), UInt32.max)
      try runHandler(
        of: load(plugin, outcome), plugin: plugin, directory: directory, payload, outcome, channel: moved)
    } catch {
      end(outcome, .host, Code.hostFailed, error)
    }
  }

  /// Runs the job in a warm host's new child, which is as confined as the host but for its identity. What the
  /// plugin has open stays open; the descriptors of the packet, and the host's own socket, do not.
  static func runWarm(_ request: StartRequest, _ library: PluginLibrary, gate: millrace_gate?) -> Never {
    millrace_duplicate(request.descriptors.log, STDOUT_FILENO, 0)
    millrace_duplicate(request.descriptors.log, STDERR_FILENO, 0)
    // Before any code of the plugin runs.
    if let gate { orEnd { () throws(HostError) in try Identity.leave(gate) } }
    let outcome = outcome(of: request)
    do throws(HostError) {
      // The session is its host's, which has no terminal either: a new one takes 9 µs of the kernel.
      try check(millrace_lead_group(), "cannot make a process group", hint: "")
      let payload = try request.readPayload()
      try check(
        millrace_duplicate(request.descriptors.channel, channel, 1), "cannot keep the channel", hint: "")
      request.descriptors.close()
      try enter(request.directory)
      millrace_set_environment(Environment(directory: request.directory, payload: payload).variables)
      millrace_atfork_child()
      try runHandler(
        of: library, plugin: request.plugin, directory: request.directory, payload, outcome,
        channel: channel)
    } catch {
      end(outcome, .host, Code.hostFailed, error)
    }
  }

  private static func outcome(of request: StartRequest) -> Outcome {
    orEnd { () throws(HostError) in
      try Outcome(descriptor: request.descriptors.outcome, maximumResult: request.maximumResult)
    }
  }

  /// Does what there is no outcome for yet: if it fails, the log has the reason.
  private static func orEnd<Value>(_ body: () throws(HostError) -> Value) -> Value {
    do throws(HostError) { return try body() } catch {
      error.report()
      _exit(ExitCode.host)
    }
  }

  /// Leaves open: /dev/null as input, the log as output, the channel. The keeper's own are gone.
  private static func arrangeDescriptors(
    _ descriptors: StartRequest.Descriptors, isCold: Bool
  ) throws(HostError) {
    let hint = "raise the limit of open files"
    func keep(_ descriptor: Int32, as number: Int32) throws(HostError) {
      try check(
        millrace_duplicate(descriptor, number, isCold ? 0 : 1), "cannot keep a descriptor", hint: hint)
    }
    try keep(descriptors.channel, as: channel)
    if isCold {
      try keep(descriptors.payload, as: coldPayload)
      try keep(descriptors.outcome, as: coldOutcome)
    }
    let firstToClose = UInt32((isCold ? coldOutcome : channel) + 1)
    try check(millrace_close_range(firstToClose, UInt32.max), "cannot close descriptors", hint: hint)
  }

  /// Takes away what a job may not have. Of the keeper it has: no_new_privs, an empty bounding set, a umask
  /// of 077, no signal handlers.
  private static func confine(_ request: StartRequest) throws(HostError) {
    try limit(openFiles: request.maximumOpenFiles)
    if let identity = request.identity { try identity.assume() } else { try Identity.dropCapabilities() }
    try enter(request.directory)
  }

  private static func enter(_ path: UnsafePointer<CChar>) throws(HostError) {
    guard (path.pointee == 0 ? chdir("/") : chdir(path)) == 0 else {
      let reason = words(for: -millrace_error())
      throw HostError(
        "cannot enter the work directory `\(String(cString: path))`: \(reason)",
        hint: "it must belong to the user that jobs run as")
    }
  }

  /// Makes this process the first to go when the machine has no memory left, and limits what it may open.
  static func limit(openFiles: UInt64) throws(HostError) {
    preferAsVictim()
    try setLimits(openFiles: openFiles)
  }

  /// When the machine itself is out of memory, a job should go rather than the runner or the system's
  /// services. The limit of the job's own group doesn't look at this. A kernel that refuses still runs jobs.
  private static func preferAsVictim() {
    let descriptor = millrace_open(AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY, 0)
    guard descriptor >= 0 else { return }
    put("500", to: descriptor)
    close(descriptor)
  }

  private static func setLimits(openFiles: UInt64) throws(HostError) {
    try check(
      millrace_set_limit(Int32(RLIMIT_CORE.rawValue), 0, 0), "cannot forbid core dumps", hint: "")
    guard openFiles > 0 else { return }
    var soft: UInt64 = 0
    var hard: UInt64 = 0
    let number = Int32(RLIMIT_NOFILE.rawValue)
    try check(millrace_get_limit(number, &soft, &hard), "cannot read the limit of open files", hint: "")
    let bound = min(openFiles, hard)
    try check(millrace_set_limit(number, bound, bound), "cannot limit open files to \(bound)", hint: "")
  }

  /// The cold start: this program anew, with the fresh address space that exec gives.
  private static func execute(_ request: StartRequest, _ environment: Environment) throws(HostError) {
    let arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: 5)
    arguments[0] = strdup("millrace-host")
    arguments[1] = strdup("cold")
    arguments[2] = UnsafeMutablePointer(mutating: request.plugin)
    arguments[3] = UnsafeMutablePointer(mutating: request.directory)
    arguments[4] = nil
    try check(
      millrace_execute("/proc/self/exe", arguments, environment.variables),
      "cannot start `millrace-host cold`",
      hint: "the user that jobs run as must be able to execute it")
  }

  private static func describe(_ plugin: UnsafePointer<CChar>, _ outcome: Outcome) -> Never {
    do throws(HostError) {
      try Description(quiet: false).read(plugin) { outcome.setResult($0, mediaType: "application/json") }
    } catch {
      end(outcome, .failed, Code.pluginRefused, error)
    }
    outcome.finish(.done)
    _exit(ExitCode.done)
  }

  private static func load(_ plugin: UnsafePointer<CChar>, _ outcome: Outcome) -> PluginLibrary {
    do throws(HostError) { return try PluginLibrary(plugin) } catch {
      end(outcome, .host, Code.pluginRefused, error)
    }
  }

  private static func runHandler(
    of library: PluginLibrary, plugin: UnsafePointer<CChar>, directory: UnsafePointer<CChar>,
    _ payload: Payload, _ outcome: Outcome, channel: Int32
  ) throws(HostError) -> Never {
    guard let name = payload.handler else {
      throw HostError("the payload names no handler", hint: "update runner and host together")
    }
    guard let handler = library.handlers.named(name) else {
      end(
        outcome, .host, Code.handlerMissing,
        HostError(
          "plugin `\(String(cString: plugin))` has no handler `\(String(cString: name))`",
          hint: "the plugin was replaced; `millrace handlers` lists what there is"))
    }
    try check(
      millrace_watch_termination(millrace_outcome_termination(outcome.head)), "cannot catch SIGTERM", hint: ""
    )
    let context = JobContext(outcome: outcome, channel: channel)
    let code = context.run(handler, job(payload, handler, directory))
    // Not `exit`: in a fork, the atexit functions are the keeper's.
    millrace_flush_streams()
    _exit(code)
  }

  private static func job(
    _ payload: Payload, _ handler: millrace_handler, _ directory: UnsafePointer<CChar>
  ) -> millrace_job {
    let head = payload.head.pointee
    var job = millrace_job()
    job.size = MemoryLayout<millrace_job>.size
    job.id = head.job
    job.attempt = head.attempt
    job.handler = handler.name
    job.parameters = payload.parameters
    job.parameters_length = Int(head.parameters_length)
    job.input = payload.input
    job.input_length = Int(head.input_length)
    job.deadline_ms = payload.deadline
    job.work_directory = directory
    job.trace_parent = payload.traceParent
    job.checkpoint = payload.checkpoint
    job.checkpoint_length = Int(head.checkpoint_length)
    job.outputs = payload.outputs()
    job.output_count = Int(head.output_count)
    job.affinity = payload.affinity
    return job
  }

  /// Ends a process that has no handler to run, with the reason in its outcome and its log.
  private static func end(
    _ outcome: Outcome, _ status: Outcome.Status, _ code: StaticString, _ error: HostError
  ) -> Never {
    outcome.setFailure(code: code, message: error.message, retryable: error.isLate)
    outcome.finish(status)
    error.report()
    _exit(status == .failed ? ExitCode.failed : ExitCode.host)
  }
}
