import MillraceCore
import MillraceWire
import Testing
import TestSupport

struct QueryTests {
  private func text(_ items: QueryItems) -> [String] { items.map { "\($0.name)=\($0.value)" } }

  private func mistake(_ body: () throws -> Void) -> Refusal? {
    let refusal = #expect(throws: Refusal.self) { try body() }
    #expect(refusal?.kind == .invalid)
    return refusal
  }

  private func fullJobFilter() -> JobFilter {
    var filter = JobFilter()
    filter.states = [.queued, .failed]
    filter.handler = "resize"
    filter.jobClass = "large & small"
    filter.labels = ["team": "röd", "some.Key": "", "with": "a=b"]
    filter.group = "line"
    filter.isHeld = false
    filter.since = Sample.time(0)
    filter.until = Sample.time(1) + .milliseconds(250)
    filter.before = JobID(42)
    filter.limit = 10_000
    return filter
  }

  private func fullHistoryFilter() -> HistoryFilter {
    var filter = HistoryFilter()
    filter.handler = "resize"
    filter.states = [.succeeded]
    filter.outcomes = [.oomOwnLimit, .timedOut]
    filter.jobClass = "large"
    filter.labels = ["team": "röd", "with": "a=b"]
    filter.job = JobID(.max)
    filter.since = Sample.time(0)
    filter.until = Sample.time(1)
    filter.minMemory = .mebibytes(1)
    filter.order = .memory
    filter.after = HistoryCursor(key: -7, attempt: AttemptID(job: JobID(4), number: 2))
    filter.limit = 1
    return filter
  }

  @Test("a filter of jobs is the same after a round trip")
  func jobs() throws {
    for filter in [JobFilter(), fullJobFilter()] {
      #expect(try JobFilter(queryItems: filter.queryItems) == filter)
    }
    #expect(text(JobFilter().queryItems) == ["limit=100"])
    #expect(
      text(fullJobFilter().queryItems) == [
        "state=queued", "state=failed", "handler=resize", "class=large & small", "label=some.Key=",
        "label=team=röd", "label=with=a=b", "group=line", "held=false", "since=2026-01-01T00:00:00.000Z",
        "until=2026-01-01T00:00:01.250Z",
        "before=42", "limit=10000",
      ])
  }

  @Test("a filter of the history is the same after a round trip")
  func history() throws {
    for filter in [HistoryFilter(), fullHistoryFilter()] {
      #expect(try HistoryFilter(queryItems: filter.queryItems) == filter)
    }
    #expect(text(HistoryFilter().queryItems) == ["sort=time", "limit=100"])
    let unknown = HistoryCursor(key: nil, attempt: AttemptID(job: JobID(4), number: 2))
    #expect(unknown.description == "_4.2" && HistoryCursor(text: "_4.2") == unknown)
    #expect(text(fullHistoryFilter().queryItems).contains("after=-7_4.2"))
  }

  @Test("every state, outcome and order is a word of its own")
  func words() throws {
    for state in JobState.allCases {
      #expect(try JobFilter(queryItems: [("state", state.rawValue)]).states == [state])
    }
    for outcome in Outcome.allCases {
      #expect(try HistoryFilter(queryItems: [("outcome", outcome.rawValue)]).outcomes == [outcome])
    }
    for order in HistoryFilter.Order.allCases {
      #expect(try HistoryFilter(queryItems: [("sort", order.rawValue)]).order == order)
    }
  }

  @Test(
    "a mistake in a filter of jobs is named",
    arguments: [
      ("state", "done"), ("state", ""), ("label", "x"), ("label", "=x"), ("label", ""),
      ("since", "yesterday"),
      ("until", ""), ("before", "0"), ("before", "-1"), ("before", "x"), ("limit", "0"), ("limit", "10001"),
      ("limit", "1.5"), ("limit", ""), ("State", "queued"), ("outcome", "error"), ("sort", "time"), ("", ""),
    ])
  func jobMistakes(_ name: String, _ value: String) {
    let refusal = mistake { _ = try JobFilter(queryItems: [(name, value)]) }
    #expect(refusal?.message.contains("`\(name)`") == true)
  }

  @Test(
    "a mistake in a filter of the history is named",
    arguments: [
      ("state", "done"), ("outcome", "killed"), ("label", "x"), ("job", "0"), ("job", "42.1"),
      ("since", "soon"),
      ("until", "2026-02-30"), ("min_memory", "-1"), ("min_memory", "1M"), ("sort", "name"), ("after", "1"),
      ("after", "x_1.1"), ("after", "01_1.1"), ("after", "_1"),
      ("limit", "0"), ("before", "1"), ("minMemory", "1"),
    ])
  func historyMistakes(_ name: String, _ value: String) {
    let refusal = mistake { _ = try HistoryFilter(queryItems: [(name, value)]) }
    #expect(refusal?.message.contains("`\(name)`") == true)
  }

  @Test("the hint of a wrong word lists the right ones")
  func hint() {
    let refusal = mistake { _ = try JobFilter(queryItems: [("state", "done")]) }
    #expect(
      refusal?.hint
        == "one of: blocked, scheduled, queued, starting, running, succeeded, failed, cancelled")
  }
}
