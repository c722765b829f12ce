import MillraceCore
import MillraceWire

/// The answer to `why` on one page for people.
struct WhySheet {
  /// Predicted times are told as spans from here.
  let now: Timestamp

  /// Returns the page about a job.
  func text(of view: WhyView, paint: Paint) -> String {
    let job = view.job
    var text = "job \(job.id) (\(job.handler)) is \(paint(job.state.rawValue, job.state.tone))"
    if let explanation = view.explanation {
      text += ", priority \(job.priority)\n\n" + self.text(of: explanation, view.forecast, paint: paint)
    } else if let attempt = view.attempt {
      text += "\n\n" + Self.verdict(on: attempt).lines(paint: paint)
    } else {
      text += ": it never started\n"
    }
    return text
  }

  /// Returns the page about a job that is not submitted.
  func text(of view: RehearsalView, paint: Paint) -> String {
    let isOpen = view.explanation.gates.allSatisfy(\.isOpen)
    let verdict = isOpen ? paint("would start at once", .good) : paint("would wait", .busy)
    return "a job of \(view.handler), priority \(view.priority), \(JobSheet.words(view.limits)), "
      + "\(Figures.span(view.timeoutSeconds)): it \(verdict)\n\n"
      + text(of: view.explanation, view.forecast, paint: paint)
  }

  private func text(of explanation: ExplanationView, _ forecast: ForecastView?, paint: Paint) -> String {
    var card = Card([.init("jobs ahead", explanation.ahead.map { "\($0)" } ?? "it waits for its time")])
    card.add("expected", Self.words(explanation.estimate))
    card.add("fails", explanation.expires.map { "at \(Figures.time($0)) if it waits until then" })
    card.add("predicted start", forecast.map(words))
    return Self.gates(explanation.gates, paint: paint) + "\n" + card.lines(paint: paint)
  }

  /// Returns a line for each gate: its numbers, and what would open it.
  static func gates(_ gates: [GateView], paint: Paint) -> String {
    let width = gates.map(\.gate.rawValue.count).max() ?? 0
    return gates.map { gate in
      let state = gate.isOpen ? paint("open  ", .good) : paint("closed", .busy)
      let name = gate.gate.rawValue
      let blanks = String(repeating: " ", count: width - name.count)
      return "  \(state)  \(name)\(blanks)  \(words(gate).printable)\n"
    }.joined()
  }

  private static func words(_ gate: GateView) -> String {
    guard let remedy = gate.remedy else { return gate.reason }
    let time = gate.opensAt.map { " (\(Figures.time($0)))" } ?? ""
    let since = gate.pausedSince.map { " since \(Figures.time($0))" } ?? ""
    return "\(gate.reason)\(since); opened by \(remedy)\(time)"
  }

  private static func words(_ estimate: EstimateView) -> String {
    "\(Figures.bytes(estimate.memoryBytes)) (\(estimate.memoryBasis.text)), "
      + "\(Figures.processors(estimate.cpuMillis)) CPU, at most "
      + "\(Figures.span(estimate.longestRunSeconds)) (\(estimate.runBasis.text))"
  }

  private func words(_ forecast: ForecastView) -> String {
    guard let start = forecast.start, let time = Wire.time(from: start) else {
      return "unknown: \(forecast.basis)"
    }
    let when = time > now ? "\(Figures.time(start)) (in \((time - now).text))" : "now"
    return "\(when), \(forecast.basis)"
  }

  /// Returns what admission knew when it let an attempt start, and what had held it back.
  private static func verdict(on attempt: AttemptView) -> Card {
    let admission = attempt.admission
    var card = Card([.init("attempt", attempt.id)])
    card.add("waited", Figures.span(attempt.waitSeconds))
    card.add("queued", Figures.time(attempt.queued))
    card.add("admitted", Figures.time(attempt.starting))
    let held = admission.heldBy.map { "\($0.gate.rawValue): \($0.reason)" }
    card.add("held by", held ?? "nothing while it was the first")
    card.add(
      "order",
      admission.backfill ? "backfill: before jobs that rank before it, without delaying them" : "by its rank")
    card.add(
      "expected",
      "\(Figures.bytes(admission.demand.memoryBytes)) (\(admission.basis.text)), "
        + "\(Figures.processors(admission.demand.cpuMillis)) CPU")
    card.add("in use then", JobSheet.words(admission.used, of: admission.capacity))
    card.add("waiting then", "\(admission.queued)")
    card.add("pressure", admission.pressure)
    card.add("place", attempt.place?.rawValue)
    card.add("became", attempt.verdict)
    return card
  }
}
