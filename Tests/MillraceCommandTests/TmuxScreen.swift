import FoundationEssentials
import Glibc
import Synchronization
import TestSupport

/// A terminal that a test looks at and types into: a tmux server of its own with one session.
final class TmuxScreen {
  private static let count = Atomic<Int>(0)
  /// How long something may take to be on the screen.
  private static let patience = Duration.seconds(30)

  private let name: String
  private let directory: TemporaryDirectory

  /// Starts a command of the shell in a terminal of so many cells.
  init(_ command: String, columns: Int = 80, rows: Int = 24, environment: [String: String] = [:]) throws {
    let number = Self.count.add(1, ordering: .relaxed).newValue
    name = "millrace-test-\(getpid())-\(number)"
    directory = try TemporaryDirectory()
    let size = ["-x", "\(columns)", "-y", "\(rows)"]
    try tmux(["-f", "/dev/null", "new-session", "-d"] + size + [command], environment)
  }

  deinit {
    // The server may have gone with its last session.
    _ = try? tmux(["kill-server"])
  }

  /// What is on the screen, without colours; lines end where their text does.
  func text() throws -> String { try tmux(["capture-pane", "-p"]) }

  /// The same with the sequences of its colours.
  func colours() throws -> String { try tmux(["capture-pane", "-p", "-e"]) }

  /// Types: names of keys as tmux has them, else characters.
  func type(_ keys: String...) throws { try tmux(["send-keys"] + keys) }

  func resize(columns: Int, rows: Int) throws {
    try tmux(["resize-window", "-x", "\(columns)", "-y", "\(rows)"])
  }

  /// Whether the other screen is shown, and the cursor.
  func modes() throws -> String {
    try tmux(["display-message", "-p", "#{alternate_on} #{cursor_flag}"])
      .replacing("\n", with: "")
  }

  /// Returns the screen as soon as it is as wanted.
  /// - Throws: a failure with the screen if it does not become so.
  @discardableResult
  func wait(for wanted: String, until isWanted: (String) throws -> Bool) throws -> String {
    let deadline = ContinuousClock.now + Self.patience
    while true {
      let text = try text()
      if try isWanted(text) { return text }
      guard ContinuousClock.now < deadline else { throw TestFailure("not seen: \(wanted)\n\(text)") }
      usleep(20_000)
    }
  }

  /// Returns the screen as soon as a text is on it.
  @discardableResult
  func wait(for text: String) throws -> String { try wait(for: text) { $0.contains(text) } }

  @discardableResult
  private func tmux(_ arguments: [String], _ environment: [String: String] = [:]) throws -> String {
    let own = ["TMUX_TMPDIR": directory.path, "LC_ALL": "C.UTF-8", "TZ": "UTC", "PATH": "/usr/bin:/bin"]
    let run = try TestProcess(
      "/usr/bin/tmux", ["-u", "-L", name] + arguments, environment: own.merging(environment) { $1 }
    ).end()
    guard run.status == 0 else {
      throw TestFailure("tmux \(arguments) ended with \(run.status): \(run.errors)")
    }
    return run.output
  }
}
