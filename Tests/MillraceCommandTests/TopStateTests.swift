import MillraceCore
import MillraceWire
import TestSupport
import Testing

@testable import millrace

@Suite("What the keys of top do")
struct TopStateTests {
  private func press(_ state: inout TopState, _ keys: String) -> [TopState.Action] {
    keys.flatMap { state.handle(.character($0)) }
  }

  @Test(
    "sorts what runs, the most first, or the other way round",
    arguments: [
      (.job, [1, 2, 3]), (.age, [2, 3, 1]), (.handler, [1, 2, 3]), (.state, [2, 1, 3]),
      (.progress, [1, 2, 3]), (.memory, [2, 1, 3]), (.cpu, [1, 2, 3]), (.priority, [1, 2, 3]),
    ] as [(TopOrder, [Int64])])
  func orders(order: TopOrder, jobs: [Int64]) {
    let rows = TopSample.usual.running
    #expect(order.sorted(rows, reversed: false).map(\.job.rawValue) == jobs)
    let reversed = order.sorted(rows, reversed: true).map(\.job.rawValue)
    // Equals stay in the order of their numbers.
    switch order {
    case .priority: #expect(reversed == jobs)
    case .progress: #expect(reversed == [2, 3, 1])
    default: #expect(reversed == jobs.reversed())
    }
  }

  @Test("s goes through all orders, r turns them round, and the chosen job stays chosen")
  func sorting() {
    var state = TopSample.state()
    #expect(state.chosen?.job == JobID(1))
    #expect(press(&state, "ss") == [] && state.order == .handler)
    _ = press(&state, "r")
    #expect(state.isReversed && state.running.map(\.job) == [JobID(3), JobID(2), JobID(1)])
    #expect(state.chosen?.job == JobID(1) && state.cursor == 2)
    _ = press(&state, String(repeating: "s", count: TopOrder.allCases.count))
    #expect(state.order == .handler)
  }

  @Test(
    "a filter goes by number, handler, state, class and labels, each word of it",
    arguments: [
      ("exec", [1, 11]), ("EXEC", [1, 11]), ("frozen", [2]), ("queued", [10, 11]), ("held", [11]),
      ("team=a", [2]), ("nightly exec", [11]), ("2.1", [2]), ("nowhere", []), ("", [1, 2, 3, 10, 11]),
    ] as [(String, [Int64])])
  func filters(text: String, jobs: [Int64]) {
    var state = TopSample.state()
    _ = press(&state, "/" + text)
    #expect(state.rows.map(\.job.rawValue) == jobs)
    #expect(state.handle(.enter) == [.refresh] && state.mode == .table && state.filter == text)
  }

  @Test("escape takes a filter back, and later away")
  func escape() {
    var state = TopSample.state()
    _ = press(&state, "/exec")
    #expect(state.handle(.backspace) == [] && state.filter == "exe")
    _ = state.handle(.enter)
    _ = press(&state, "/q")
    #expect(state.filter == "exeq" && state.rows.isEmpty)
    #expect(state.handle(.escape) == [] && state.filter == "exe" && state.rows.count == 2)
    #expect(state.handle(.escape) == [] && state.filter.isEmpty && state.rows.count == 5)
  }

  @Test("the cursor stays among the rows and goes with its job")
  func cursor() {
    var state = TopSample.state()
    _ = press(&state, "jjjjjjjjj")
    #expect(state.chosen?.job == JobID(11))
    _ = press(&state, "k")
    state.take(
      TopSample.view(queued: [TopSample.queued(9, "a"), TopSample.queued(10, "a")]), at: TopSample.time)
    #expect(state.cursor == 1 && state.chosen?.job == JobID(10))
    state.take(TopSample.view(queued: [TopSample.queued(9, "a")]), at: TopSample.time)
    #expect(state.chosen?.job == JobID(9))
    state.take(TopSample.view(), at: TopSample.time)
    #expect(state.chosen == nil && press(&state, "xwhjk") == [] && state.handle(.enter) == [])
    for key in [Key.up, .down, .pageUp, .pageDown, .home, .end] { #expect(state.handle(key) == []) }
    #expect(state.cursor == 0)
  }

  @Test("a job is cancelled after a yes only")
  func cancel() {
    var state = TopSample.state()
    #expect(press(&state, "x") == [] && state.mode == .confirm(JobID(1), handler: "exec"))
    // What comes meanwhile changes nothing of what was asked.
    state.take(TopSample.view(running: [TopSample.running(3, "a")]), at: TopSample.time)
    #expect(press(&state, "y") == [.cancel(JobID(1))] && state.mode == .table)
    _ = press(&state, "x")
    #expect(state.handle(.enter) == [] && state.note == "job 3 was not cancelled")
    #expect(press(&state, "xq") == [] && state.mode == .table)
    #expect(press(&state, "q") == [.quit])
  }

  @Test("only jobs that wait are held, and released if they are")
  func hold() {
    var state = TopSample.state()
    #expect(press(&state, "h") == [] && state.note == "job 1 runs: only a job that waits can be held")
    #expect(press(&state, "jjjh") == [.hold(JobID(10), true)] && state.note == nil)
    #expect(press(&state, "jh") == [.hold(JobID(11), false)])
  }

  @Test("pages open, scroll within their lines, stay where they are when they come anew, and close")
  func pane() {
    var state = TopSample.state()
    #expect(press(&state, "w") == [.open(.why(JobID(1)))])
    #expect(state.handle(.enter) == [.open(.job(JobID(1)))])
    state.show(.why(JobID(1)), "a\nb\nc")
    _ = press(&state, "jjjjjj")
    #expect(state.mode == .pane(TopPane(.why(JobID(1)), text: "a\nb\nc", offset: 2)))
    state.show(.why(JobID(1)), "a\nb\nc\nd")
    #expect(state.mode == .pane(TopPane(.why(JobID(1)), text: "a\nb\nc\nd", offset: 2)))
    #expect(press(&state, "q") == [] && state.mode == .table)
    #expect(press(&state, "?") == [] && state.mode == .pane(.help))
    #expect(state.handle(.escape) == [] && state.mode == .table)
  }

  @Test("the picture is frozen and goes on; a runner that is away is told since when")
  func frozenAndAway() {
    var state = TopSample.state()
    #expect(press(&state, "f") == [] && state.isFrozen)
    #expect(press(&state, "f") == [.refresh] && !state.isFrozen)
    state.lose("no socket", at: Sample.time(1))
    state.lose("refused", at: Sample.time(2))
    #expect(state.away?.since == Sample.time(1) && state.away?.reason == "refused")
    state.take(TopSample.usual, at: Sample.time(3))
    #expect(state.away == nil)
  }
}
