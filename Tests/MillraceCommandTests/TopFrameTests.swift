import MillraceCore
import MillraceWire
import TestSupport
import Testing

@testable import millrace

@Suite("The picture of top")
struct TopFrameTests {
  private func lines(
    _ state: TopState = TopSample.state(), _ columns: Int = 80, _ rows: Int = 24, paint: Bool = false
  ) -> [String] {
    TopFrame(state, size: ScreenSize(columns: columns, rows: rows), paint: Paint(isOn: paint)).lines
  }

  private func trimmed(_ lines: [String]) -> [String] {
    lines.map { String($0.reversed().drop { $0 == " " }.reversed()) }
  }

  @Test("shows the runner, what runs and what waits on 80 by 24")
  func usual() {
    let lines = trimmed(lines())
    #expect(lines.count == 24)
    #expect(
      lines.prefix(12) == [
        "millraced 0.1.0  pid 7  up 1:00:00  healthy",
        "3 running  120 queued  4 scheduled  1 held",
        "memory [##########..........] 1 GiB of 2 GiB  limits 1 GiB",
        "cpu    [####################] 3.9 of 4  slots 3 of 4",
        "pressure none",
        "2026-01-01 00:01:00  look \u{fffd}[31mhere",
        "  JOBv HANDLER   STATE        AGE PROGRESS             MEMORY    CPU  PRIO",
        ">  1.1 exec      running     1:00 [###...] 43 % 16 MiB/64 MiB  1.5/1     5",
        "   2.1 thumbnail frozen   1:00:00 -             48 MiB/64 MiB 0.01/1     5",
        "   3.1 wordcount starting   30:00 -                  -/64 MiB    -/1     5",
        "  JOB HANDLER  STATE      AGE PRIO CLOSED GATE",
        "   10 checksum queued 1:00:00    5 slots: 4 of 4 slots are taken",
      ])
    #expect(lines[23].hasPrefix("? help  q quit"))
  }

  @Test("a wide screen also has the messages, and nothing of them leaves its place")
  func wide() {
    let text = lines(TopSample.state(), 120).joined(separator: "\n")
    #expect(text.contains("読む \u{fffd}]0;evil\u{fffd}\\nx") && text.contains("team=a"))
  }

  @Test(
    "has as many lines as the screen, each within its width, whatever is shown",
    arguments: [(80, 24), (40, 10), (200, 60), (30, 6), (10, 3), (2, 2), (1, 1)], [false, true])
  func sizes(size: (columns: Int, rows: Int), isPainted: Bool) {
    let many = TopSample.view(
      running: (1...50).map { TopSample.running($0, "読む🙂\u{1b}[2J" + String(repeating: "x", count: 200)) },
      queued: (51...99).map { TopSample.queued($0, "\u{202e}w") })
    for view in [TopSample.view(), TopSample.usual, many] {
      for keys in ["", "jjjjjjjjjjjj", "G", "x", "/ab", "?", "f"] {
        var state = TopSample.state(view)
        for key in keys { _ = state.handle(.character(key)) }
        let lines = lines(state, size.columns, size.rows, paint: isPainted)
        #expect(lines.count == size.rows)
        for line in lines {
          let plain = isPainted ? line.replacing(#/\u{1b}\[[0-9]*m/#, with: "") : line
          #expect(ScreenText.width(plain) <= size.columns && plain == plain.onScreen, "\(size): \(plain)")
        }
      }
    }
  }

  @Test("narrow screens lose the columns that matter least")
  func narrow() {
    let lines = trimmed(lines(TopSample.state(), 40, 10))
    #expect(lines[2] == "  JOBv HANDLER   STATE        AGE")
    #expect(lines[6] == "  JOB HANDLER      AGE CLOSED GATE")
    #expect(lines[7] == "   10 checksum 1:00:00 slots: 4 of 4 slo")
  }

  @Test(
    "both tables have room, the queue at least a third if it needs it",
    arguments: [
      (18, 3, 2, 4), (18, 50, 50, 12), (18, 50, 0, 17), (18, 0, 50, 1), (6, 9, 9, 4), (1, 5, 5, 1),
      (0, 5, 5, 0),
    ])
  func split(room: Int, running: Int, queued: Int, first: Int) {
    #expect(TopFrame.split(room, running: running, queued: queued) == (first, room - first))
  }

  @Test("the chosen row is on the screen wherever it is")
  func scrolling() {
    let rows = (1...200).map { TopSample.running(Int64($0), "h") }
    var state = TopSample.state(TopSample.view(running: rows, queued: [TopSample.queued(999, "q")]))
    for _ in 0..<201 {
      let number = state.chosen?.number ?? "-"
      #expect(lines(state).contains { $0.hasPrefix("> ") && $0.contains(" \(number) ") }, "\(number)")
      _ = state.handle(.down)
    }
  }

  @Test("tells that the runner is away, and before it ever answered")
  func away() {
    var state = TopSample.state()
    state.lose("it is \u{1b}c gone", at: Sample.time(3660))
    #expect(lines(state)[0] == "millraced 0.1.0  away since 2026-01-01 01:01:00: it is \u{fffd}c gone")
    var never = TopState()
    #expect(lines(never)[0] == "asking the runner")
    never.lose("no", at: Sample.time(1))
    #expect(lines(never)[0] == "the runner does not answer: no" && lines(never).count == 24)
  }

  @Test("tells what is not well")
  func trouble() {
    var view = TopSample.usual
    view.status.healthy = false
    view.status.draining = true
    view.status.recordTrouble = "no space"
    view.status.pressure = "critical"
    view.status.pressureCause = "critical: memory is short"
    let shown = lines(TopSample.state(view))
    #expect(shown[0] == "millraced 0.1.0  pid 7  up 1:00:00  not healthy  draining  no space")
    #expect(shown[4] == "pressure critical: memory is short")
    let painted = lines(TopSample.state(view), paint: true)
    #expect(painted[0].contains("\u{1b}[31mnot healthy\u{1b}[0m"))
    #expect(painted[3].contains("\u{1b}[31m[####################]\u{1b}[0m"))
    #expect(painted[7].hasPrefix("\u{1b}[7m>  1.1 exec"))
  }

  @Test("the last line asks, shows the filter, or tells what came of an action")
  func footer() {
    var state = TopSample.state()
    _ = state.handle(.character("x"))
    #expect(lines(state)[23] == "cancel job 1 (exec)? y or n")
    _ = state.handle(.character("n"))
    #expect(lines(state)[23] == "job 1 was not cancelled")
    for key in "/ex" { _ = state.handle(.character(key)) }
    #expect(lines(state)[23] == "filter: ex_")
    _ = state.handle(.enter)
    #expect(lines(state)[23].hasPrefix("filter: ex  ? help"))
  }

  @Test("a page is wrapped, and scrolls")
  func pane() {
    var state = TopSample.state()
    state.show(.why(JobID(1)), "first \u{1b}[31m\n" + String(repeating: "x", count: 100) + "\nlast")
    let shown = lines(state)
    #expect(shown[6] == "why job 1 waits, or started when it did")
    #expect(shown[7] == "first \u{fffd}[31m" && shown[8].count == 80 && shown[9].count == 20)
    #expect(shown[10] == "last" && shown[23].hasPrefix("q back"))
    _ = state.handle(.down)
    #expect(lines(state)[7].count == 80)
  }
}
