import MillraceCore
import MillraceWire

/// A job and its attempts on one page for people.
struct JobSheet {
  private let detail: JobDetail

  init(_ detail: JobDetail) { self.detail = detail }

  /// Returns the page.
  func text(paint: Paint) -> String {
    var text = job.lines(paint: paint)
    if !detail.gates.isEmpty {
      text += "\n" + paint("waits behind", .title) + "\n" + WhySheet.gates(detail.gates, paint: paint)
    }
    for attempt in detail.attempts {
      text += "\n" + Self.card(attempt).lines(paint: paint)
    }
    return text
  }

  private var job: Card {
    let job = detail.job
    var card = Card([
      .init("job", "\(job.id)"), .init("handler", job.handler),
      .init("state", job.state.rawValue, job.state.tone),
    ])
    if let progress = detail.progress {
      card.add("progress", "\(Int((progress.fraction * 100).rounded())) % \(progress.message)")
    }
    card.add("parameters", job.parameters == .object([:]) ? nil : job.parameters.text)
    card.add("input", Figures.bytes(job.inputBytes))
    card.add("priority", "\(job.priority)")
    card.add("class", job.jobClass)
    card.add("labels", Figures.labels(job.labels))
    card.add("group", job.group)
    card.add("affinity", job.affinity)
    card.add("place", job.place?.rawValue)
    card.add("in slurm", detail.cluster.map(Self.words))
    card.add("owner", job.owner)
    card.add("key", job.key)
    if job.held ?? false { card.add("held", "until it is released") }
    card.add("cancelled", job.cancelRequested.map { "asked for at \(Figures.time($0))" })
    card.add("limits", Self.words(job.limits) + ", \(Figures.span(job.timeoutSeconds))")
    card.add("attempts", "\(job.attemptsUsed) of \(job.maxAttempts) used, \(job.attempts) started")
    card.add("retries", job.maxAttempts > 1 ? detail.course.map(Self.words) : nil)
    card.add("next attempt", nextAttempt)
    card.add("to start", detail.course?.startWithinSeconds.map { "within \(Figures.span($0))" })
    card.add("to end", detail.course?.finishWithinSeconds.map { "within \(Figures.span($0))" })
    card.add("submitted", Figures.time(job.submitted))
    card.add("not before", Figures.time(job.notBefore))
    card.add("after", job.after.map { Self.words($0, job.onDependencyFailure) })
    card.add("workflow", job.workflow.map { "\($0)" + (job.step.map { ", step \($0)" } ?? "") })
    card.add("ended", Figures.time(job.ended))
    card.add("reason", job.reason?.message)
    card.add("uses now", usesNow)
    return card
  }

  /// What the attempts so far taught more than the limits say.
  private var nextAttempt: String? {
    let memory = detail.course?.nextMemoryBytes.map { Figures.bytes($0) + " of memory" }
    let words = [memory, detail.course?.nextTimeoutSeconds.map { Figures.span($0) }].compactMap { $0 }
    return words.isEmpty ? nil : words.joined(separator: ", ")
  }

  private static func words(_ course: CourseView) -> String {
    let causes = course.retryOn.isEmpty ? "never" : "after " + course.retryOn.joined(separator: ", ")
    let wait = "\(Figures.span(course.retryDelaySeconds)) × \(Figures.number(course.retryFactor))"
    let bound = course.retryMaxDelaySeconds.map { ", at most \(Figures.span($0))" } ?? ""
    let jitter = course.retryJitter > 0 ? ", jitter \(Int((course.retryJitter * 100).rounded())) %" : ""
    let memory = course.memoryMaxBytes.map { ", memory up to \(Figures.bytes($0))" } ?? ""
    return "\(causes); waits \(wait)\(bound)\(jitter)\(memory)"
  }

  private var usesNow: String? {
    let memory = detail.workingSetBytes.map { Figures.bytes($0) + " of memory" }
    let cpu = detail.cpuSeconds.map { Figures.span($0) + " of processor time so far" }
    let words = [memory, cpu].compactMap { $0 }
    return words.isEmpty ? nil : words.joined(separator: ", ")
  }

  /// Returns what is known of an attempt, from top to bottom.
  static func card(_ attempt: AttemptView) -> Card {
    let usage = attempt.usage
    var card = Card([.init("attempt", attempt.id)])
    card.add("verdict", attempt.verdict, attempt.outcome?.tone ?? .busy)
    card.add("queued", Figures.time(attempt.queued))
    card.add("started", Figures.time(attempt.started))
    card.add("ended", Figures.time(attempt.ended))
    card.add("waited", Figures.span(attempt.waitSeconds))
    card.add("ran", Figures.span(attempt.runSeconds))
    card.add("frozen", frozen(attempt))
    card.add("start", attempt.tier?.rawValue)
    card.add("place", attempt.place?.rawValue)
    card.add("node", attempt.node)
    card.add("slurm job", attempt.clusterJob)
    card.add("after all", attempt.lateOutcome.map { "\($0.rawValue), when it was given up as lost" })
    card.add("exit code", Figures.raw(attempt.exitCode))
    card.add("signal", Figures.raw(attempt.signal))
    card.add("memory peak", Figures.bytes(usage.memoryPeakBytes))
    card.add("processor", processor(usage))
    card.add("throttled", Figures.span(usage.throttledSeconds))
    card.add("read", Figures.bytes(usage.ioReadBytes))
    card.add("written", Figures.bytes(usage.ioWrittenBytes))
    card.add("pids peak", Figures.raw(usage.pidsPeak))
    card.add("limits", words(attempt.limits))
    card.add("admitted", words(attempt.admission))
    card.add("plugin", "\(attempt.plugin) \(attempt.pluginVersion) (\(attempt.pluginSha256.prefix(12)))")
    return card
  }

  /// Returns where in Slurm an attempt is, in words.
  private static func words(_ place: WhereaboutsView) -> String {
    let job = place.clusterJob.map { "job \($0)" } ?? "not submitted yet"
    let rest = place.node.map { "on \($0)" } ?? place.reason.map { "waits: \($0)" }
    return [job, rest].compactMap(\.self).joined(separator: ", ")
  }

  /// Returns what a job depends on in words: `ok:41, any:42`; the first twenty.
  private static func words(_ after: [DependencyView], _ failure: Dependency.Failure?) -> String {
    let words = after.prefix(20).map { "\($0.condition?.rawValue ?? "ok"):\($0.job.map { "\($0)" } ?? "-")" }
    let more = after.count > words.count ? ", \(after.count - words.count) more" : ""
    return words.joined(separator: ", ") + more + (failure == .hold ? "; held if it can't be" : "")
  }

  private static func frozen(_ attempt: AttemptView) -> String? {
    let since = attempt.frozenSince.map { "since \(Figures.time($0))" }
    let words = [attempt.frozenSeconds.map { "for \(Figures.span($0))" }, since].compactMap { $0 }
    return words.isEmpty ? nil : words.joined(separator: ", and ")
  }

  private static func processor(_ usage: UsageView) -> String? {
    usage.cpuSeconds.map {
      "\(Figures.span($0)) (\(Figures.span(usage.cpuUserSeconds ?? 0)) user, "
        + "\(Figures.span(usage.cpuSystemSeconds ?? 0)) kernel)"
    }
  }

  /// Returns limits in words.
  static func words(_ limits: LimitsView) -> String {
    let io = limits.io.map { limit in
      let rates = [("reads", limit.readBytesPerSecond), ("writes", limit.writeBytesPerSecond)]
      return "\(limit.device) "
        + rates.compactMap { name, rate in rate.map { "\(name) \(Figures.bytes($0))/s" } }
        .joined(separator: " ")
    }
    let cpu = Figures.processors(limits.cpuMillis) + " CPU"
    return ([Figures.bytes(limits.memoryBytes), cpu, "\(limits.pids) pids"] + io).joined(separator: ", ")
  }

  private static func words(_ admission: AdmissionView) -> String {
    let held = admission.heldBy.map { "; held by \($0.gate.rawValue)" } ?? ""
    return "expected \(Figures.bytes(admission.demand.memoryBytes)) (\(admission.basis.text)); "
      + words(admission.used, of: admission.capacity)
      + "; \(admission.queued) waiting\(admission.backfill ? "; backfill" : "")\(held)"
  }

  /// Returns what is taken of what there is.
  static func words(_ used: ResourcesView, of capacity: ResourcesView) -> String {
    "\(used.slots) of \(capacity.slots) slots, \(Figures.bytes(used.memoryBytes)) of "
      + "\(Figures.bytes(capacity.memoryBytes)), \(Figures.processors(used.cpuMillis)) of "
      + "\(Figures.processors(capacity.cpuMillis)) CPU"
  }
}
