/// Checks requests against handlers, defaults and the machine, and makes submissions of them.
package struct Reception: Sendable, Equatable {
  /// What holds where neither the job nor its handler nor the operator says anything.
  package var defaults: Terms
  /// What the operator says of single handlers; it comes before what their authors say.
  package var overrides: [String: Wishes]
  /// How many jobs of single handlers the operator lets run at once.
  package var concurrency: [String: Int]
  /// How often the operator lets jobs of single handlers start.
  package var rates: [String: Rate]
  /// When single handlers are no longer tried for a while; the inner nil for never.
  package var breakers: [String: BreakerRules?]
  /// Where jobs run, as far as the operator says so of more than single handlers.
  package var places = PlaceRules()
  /// The groups, and the one of each handler that is in one.
  package var groups: [String: GroupRules] = [:]
  package var groupOf: [String: String] = [:]
  /// The most that any attempt can have on this machine.
  package var machine: Limits
  /// The largest input.
  package var maxInput: Bytes

  /// Makes a reception.
  package init(
    defaults: Terms, overrides: [String: Wishes] = [:], concurrency: [String: Int] = [:],
    rates: [String: Rate] = [:], breakers: [String: BreakerRules?] = [:], machine: Limits, maxInput: Bytes
  ) {
    self.defaults = defaults
    self.overrides = overrides
    self.concurrency = concurrency
    self.rates = rates
    self.breakers = breakers
    self.machine = machine
    self.maxInput = maxInput
  }

  /// Returns the submission that a request is.
  ///
  /// - Parameters:
  ///   - request: the job as somebody asks for it.
  ///   - handler: the handler that it names.
  ///   - learned: the memory limit that the handler's jobs have shown to need; nil if that is not known.
  /// - Returns: the job, checked and complete.
  /// - Throws: `Refusal` that says what can't be and what would do.
  package func submission(
    of request: JobRequest, for handler: Handler, learned: Bytes? = nil
  ) throws -> Submission {
    let schema = try handler.parameterSchema.map { try ParameterSchema($0) } ?? Self.noParameters()
    let parameters = try schema.parameters(request.parameters, arguments: request.arguments)
    if let input = request.input, input.count > Int(maxInput.rawValue) {
      throw Refusal(
        .tooLarge, "the input has \(Bytes(Int64(input.count))), the bound is \(maxInput)",
        hint: "leave it in a file and give the job its path")
    }
    try JobIdentity.check(textsOf: request)
    let terms = terms(
      for: handler, request.wishes, group: request.group, jobClass: request.jobClass, learned: learned)
    try check(terms)
    var submission = Submission(
      handler: handler.name, parameters: parameters, input: request.input, wishes: request.wishes,
      terms: terms, priority: request.priority, jobClass: request.jobClass, labels: request.labels,
      notBefore: request.notBefore, traceParent: request.traceParent)
    submission.after = request.after
    submission.onDependencyFailure = request.onDependencyFailure
    submission.key = try JobIdentity.key(of: request, parameters: parameters)
    try JobIdentity.check(group: request.group)
    submission.group = request.group
    submission.step = request.step
    submission.isHeld = request.isHeld
    submission.affinity = try request.affinity.map(Self.checked(affinity:))
    submission.owner = request.owner
    submission.secrets = schema.secrets(in: parameters)
    return submission
  }

  /// The longest affinity key, in bytes: what fits the keeper's protocol with a zero behind it.
  package static let maxAffinity = 255

  private static func checked(affinity: String) throws -> String {
    guard (1...maxAffinity).contains(affinity.utf8.count), !affinity.utf8.contains(0) else {
      throw Refusal(.invalid, "an affinity key has 1 to \(maxAffinity) bytes, none of them zero")
    }
    return affinity
  }

  /// Returns what holds for a job of a handler: its own wishes first, then the operator's, then those of the
  /// handler's author, then the defaults.
  ///
  /// Where nobody says anything of memory, the limit is at least what was learned: a default that is too
  /// large costs nothing, for admission goes by the estimate, and one that is too small would kill.
  package func terms(
    for handler: Handler, _ wishes: Wishes = Wishes(), group: String? = nil, jobClass: String? = nil,
    learned: Bytes? = nil
  ) -> Terms {
    var defaults = defaults
    if let learned { defaults.limits.memory = min(max(defaults.limits.memory, learned), machine.memory) }
    var operators = overrides[handler.name] ?? Wishes()
    operators.place =
      operators.place
      ?? places.place(
        handler: handler.name, chain: chain(from: group) + chain(from: groupOf[handler.name]),
        jobClass: jobClass)
    return defaults.amended(by: wishes.filled(from: operators.filled(from: handler.wishes)))
  }

  private func chain(from group: String?) -> [String] {
    group.map { GroupRules.chain(from: $0, in: groups) ?? [$0] } ?? []
  }

  private static func noParameters() throws -> ParameterSchema {
    try ParameterSchema(.object(["type": .string("object"), "additionalProperties": .bool(false)]))
  }

  /// Throws `Refusal` if a job can't have these terms where it may run.
  package func check(_ terms: Terms) throws {
    let place = terms.place ?? .local
    guard place != .slurm || places.hasCluster else {
      throw Refusal(
        .neverAdmissible, "it shall run in Slurm, and the configuration has no `slurm`",
        hint: "docs/slurm.md says how to get there")
    }
    let limits = terms.limits
    // What else there is, the cluster knows.
    if place == .local || !places.hasCluster { try checkMachine(limits) } else { try Self.checkSums(limits) }
    let least = Bytes.mebibytes(1)
    guard limits.memory >= least else {
      throw Refusal(.invalid, "a memory limit of \(limits.memory) is too small, the least is \(least)")
    }
    guard limits.cpuMillis >= 10 else {
      throw Refusal(.invalid, "a CPU limit of \(limits.cpuMillis) m is too small, the least is 10 m (`0.01`)")
    }
    guard limits.pids >= 1 else {
      throw Refusal(.invalid, "a job has at least 1 process, not \(limits.pids)")
    }
    guard (1...1000).contains(terms.maxAttempts) else {
      throw Refusal(.invalid, "a job has 1 to 1000 attempts, not \(terms.maxAttempts)")
    }
    try Self.check(terms.timeout, "a timeout", least: .microseconds(1))
    try Self.check(terms.grace, "a grace", least: .zero)
    try Self.check(terms.retryDelay, "a retry delay", least: .zero)
    for limit in limits.io { try Self.check(limit) }
    try Self.check(terms.retry)
    if let span = terms.startWithin { try Self.check(span, "`start_within`", least: .microseconds(1)) }
    if let span = terms.finishWithin { try Self.check(span, "`finish_within`", least: .microseconds(1)) }
  }

  /// Throws `Refusal` if limits are so large that a bundle's sum of them could overflow. No node has so much.
  private static func checkSums(_ limits: Limits) throws {
    guard limits.memory <= .gibibytes(1 << 20), limits.cpuMillis <= 1_000_000_000 else {
      throw Refusal(
        .neverAdmissible,
        "it wants \(limits.memory) of memory and \(processors(limits.cpuMillis)) processors",
        hint: "no node has more than 1 PiB and 1,000,000 processors")
    }
  }

  private func checkMachine(_ limits: Limits) throws {
    guard limits.memory <= machine.memory else {
      throw Refusal(
        .neverAdmissible,
        "it wants \(limits.memory) of memory, the most that can be had is \(machine.memory)",
        hint: "ask for at most `--memory \(machine.memory.rawValue)`")
    }
    guard limits.cpuMillis <= machine.cpuMillis else {
      throw Refusal(
        .neverAdmissible,
        "it wants \(Self.processors(limits.cpuMillis)) processors, this machine has "
          + Self.processors(machine.cpuMillis),
        hint: "ask for at most `--cpu \(Self.processors(machine.cpuMillis))`")
    }
    guard limits.pids <= machine.pids else {
      throw Refusal(
        .neverAdmissible, "it wants \(limits.pids) processes, the most that can be had is \(machine.pids)")
    }
  }

  /// Also nan is no factor and no part.
  private static func check(_ rule: RetryRule) throws {
    for (name, factor) in [("retry", rule.factor), ("timeout", rule.timeoutFactor)]
    where !(factor >= 1 && factor <= 1000) {
      throw Refusal(.invalid, "a \(name) factor must be 1 to 1000, not \(factor)")
    }
    guard rule.jitter >= 0, rule.jitter <= 1 else {
      throw Refusal(.invalid, "a retry jitter must be 0 to 1, not \(rule.jitter)", hint: "0.2 is a fifth")
    }
    if let span = rule.maxDelay { try check(span, "a longest retry delay", least: .zero) }
    guard rule.memoryMax.map({ $0 >= .mebibytes(1) }) ?? true else {
      throw Refusal(.invalid, "a largest memory limit of less than 1 MiB is too small")
    }
  }

  /// A century is more than any job needs and far from what a time can hold.
  private static func check(_ span: Duration, _ name: String, least: Duration) throws {
    guard span <= .seconds(36_525 * 86_400) else {
      throw Refusal(.invalid, "\(name) of more than 100 years is too long")
    }
    guard span >= least else {
      throw Refusal(.invalid, "\(name) must be \(least == .zero ? "0 or more" : "above 0"), not \(span.text)")
    }
  }

  private static func check(_ limit: IOLimit) throws {
    let numbers = limit.device.split(separator: ":", omittingEmptySubsequences: false)
    guard numbers.count == 2, numbers.allSatisfy({ $0.first != "+" && UInt32($0) != nil }) else {
      throw Refusal(.invalid, "`\(limit.device)` is no block device", hint: "write it as `lsblk` does: 8:0")
    }
    for rate in [limit.readBytesPerSecond, limit.writeBytesPerSecond].compactMap(\.self) where rate <= 0 {
      throw Refusal(.invalid, "an I/O rate must be above 0, not \(rate)")
    }
  }

  private static func processors(_ millis: Int64) -> String {
    millis % 1000 == 0 ? "\(millis / 1000)" : "\(Double(millis) / 1000)"
  }
}
