import FoundationEssentials
import Glibc
import MillraceCore
import MillraceWire
import Synchronization
import TestSupport
import Testing

@testable import millrace

@Suite("millrace top in a terminal", .serialized, .timeLimit(.minutes(5)))
struct TopTerminalTests {
  /// A runner whose answers a test changes.
  final class Runner: Sendable {
    let view = Mutex(TopSample.usual)
    let cancelled = Mutex<[String]>([])

    func server() throws -> ScriptedServer {
      try ScriptedServer { [self] request in
        switch "\(request.method) \(request.target)" {
        case let target where target.hasPrefix("GET /v1/top?"):
          return [.answer(200, TopSample.json(view.withLock { $0 }))]
        case "GET /v1/jobs/10/why":
          let job = Answers.job(10, state: "queued", attempts: 0, ended: false)
          return [.answer(200, #"{"job":\#(job),"explanation":\#(Answers.explanation)}"#)]
        case "GET /v1/jobs/2":
          return [.answer(200, Answers.detail(Answers.job(2, state: "running", ended: false)))]
        case "POST /v1/jobs/2/cancel":
          cancelled.withLock { $0.append("2") }
          view.withLock { $0.running.removeAll { $0.job == JobID(2) } }
          return [.answer(200, Answers.job(2, state: "running", ended: false))]
        default: return [.problem(404, kind: "notFound", "no \(request.target)")]
        }
      }
    }
  }

  /// Starts `top` in a shell that tells before and after how the terminal is.
  private func start(_ server: ScriptedServer, _ files: String, environment: [String: String] = [:]) throws
    -> TmuxScreen
  {
    let top = "\(Program.path) top --interval 100ms --socket \(server.socket)"
    let screen = try TmuxScreen(
      "stty -g > \(files)/before; sh -c 'echo $$ > \(files)/pid; exec \(top)'; "
        + "echo \"ended with $?\"; stty -g > \(files)/after; touch \(files)/done; exec cat",
      environment: environment)
    try screen.wait(for: "millraced 0.1.0")
    return screen
  }

  private func expectRestored(_ screen: TmuxScreen, _ files: String) throws {
    try screen.wait(for: "its end") { _ in Places.exists(files + "/done") }
    #expect(try screen.text().contains("ended with 0"))
    #expect(try InputFile.text(files + "/before") == InputFile.text(files + "/after"))
    #expect(try screen.modes() == "0 1")
  }

  @Test("shows, sorts, filters, explains, cancels after a yes, is resized, and leaves the terminal as it was")
  func session() throws {
    let runner = Runner()
    let server = try runner.server()
    let files = try TemporaryDirectory()
    let screen = try start(server, files.path)
    #expect(try screen.modes() == "1 0")
    try screen.wait(for: ">  1.1 exec      running")
    // What a job says has no power over the terminal.
    #expect(try !screen.colours().contains("evil\u{7}"))
    try screen.type("s", "s")
    try screen.wait(for: "HANDLERv")
    try screen.type("r")
    try screen.wait(for: "HANDLER^") { text in
      guard let last = text.firstRange(of: "wordcount"), let first = text.firstRange(of: "thumbnail") else {
        return false
      }
      return text.contains("HANDLER^") && last.lowerBound < first.lowerBound
    }
    try screen.type("/", "n", "i", "g", "h", "t")
    try screen.wait(for: "only what waits") { $0.contains("filter: night_") && !$0.contains("thumbnail") }
    try screen.type("Enter", "Home")
    try screen.wait(for: ">  10 checksum queued")
    try screen.type("w")
    try screen.wait(for: "closed  memory  needs 3 MiB of memory")
    try screen.type("Escape")
    try screen.wait(for: "its end") { !$0.contains("closed  memory") }
    try screen.type("Escape")
    try screen.wait(for: "all rows") { $0.contains("thumbnail") && !$0.contains("filter:") }
    try screen.type("Home", "Down")
    try screen.wait(for: ">  2.1 thumbnail frozen")
    try screen.type("Enter")
    try screen.wait(for: "job 2") { $0.contains("submitted") && $0.contains("limits") }
    try screen.type("q", "x")
    try screen.wait(for: "cancel job 2 (thumbnail)? y or n")
    try screen.type("n")
    try screen.wait(for: "job 2 was not cancelled")
    #expect(runner.cancelled.withLock { $0 }.isEmpty)
    try screen.type("x", "y")
    try screen.wait(for: "its row gone") {
      $0.contains("job 2 is asked to stop") && !$0.contains("thumbnail")
    }
    #expect(runner.cancelled.withLock { $0 } == ["2"])
    try screen.resize(columns: 40, rows: 10)
    try screen.wait(for: "the narrow picture") { text in
      text.contains("JOB HANDLER") && !text.contains("PROGRESS")
    }
    try screen.resize(columns: 120, rows: 30)
    try screen.wait(for: "MESSAGE")
    try screen.type("q")
    try expectRestored(screen, files.path)
  }

  @Test("signals end it with the terminal as it was", arguments: [SIGTERM, SIGHUP, SIGINT])
  func signals(signal: Int32) throws {
    let files = try TemporaryDirectory()
    let screen = try start(try Runner().server(), files.path)
    if signal == SIGINT {
      try screen.type("C-c")
    } else {
      let text = try InputFile.text(files.path + "/pid")
      let pid = try #require(pid_t(text.split(separator: "\n").first ?? ""))
      kill(pid, signal)
    }
    try expectRestored(screen, files.path)
  }

  @Test("a runner that goes away is told in the first line, and it goes on when it is back")
  func away() throws {
    let isAway = Atomic<Bool>(false)
    let body = TopSample.json(TopSample.usual)
    let server = try ScriptedServer { _ in
      isAway.load(ordering: .relaxed) ? [] : [.answer(200, body)]
    }
    let files = try TemporaryDirectory()
    let screen = try start(server, files.path)
    isAway.store(true, ordering: .relaxed)
    try screen.wait(for: "away since") { $0.contains("away since") && $0.contains("thumbnail") }
    isAway.store(false, ordering: .relaxed)
    try screen.wait(for: "healthy")
    try screen.type("q")
    try expectRestored(screen, files.path)
  }

  @Test("Ctrl-Z gives the terminal back, and it goes on in the foreground")
  func stopped() throws {
    let server = try Runner().server()
    let screen = try TmuxScreen("exec bash --norc -i", environment: ["PS1": "$ "])
    try screen.type("\(Program.path) top --interval 100ms --socket \(server.socket)", "Enter")
    try screen.wait(for: "millraced 0.1.0")
    try screen.type("C-z")
    try screen.wait(for: "Stopped")
    #expect(try screen.modes() == "0 1")
    try screen.type("fg", "Enter")
    try screen.wait(for: "millraced 0.1.0")
    #expect(try screen.modes() == "1 0")
    try screen.type("q")
    try screen.wait(for: "the shell") { try !$0.contains("millraced 0.1.0") && screen.modes() == "0 1" }
  }

  @Test("has colours unless they are not wanted, and says what a terminal without a screen can do")
  func colours() throws {
    let server = try Runner().server()
    let files = try TemporaryDirectory()
    let painted = try start(server, files.path)
    #expect(try painted.colours().contains("\u{1b}[32m"))
    let plain = try start(server, files.path, environment: ["NO_COLOR": "1"])
    #expect(try !plain.colours().contains("\u{1b}["))
    let dumb = try TmuxScreen(
      "TERM=dumb \(Program.path) top --socket \(server.socket); echo \"ended with $?\"; exec cat")
    let text = try dumb.wait(for: "ended with 2")
    #expect(text.contains("TERM is `dumb`") && text.contains("millrace top --once"))
  }
}
