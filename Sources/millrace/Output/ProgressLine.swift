import Glibc
import Synchronization

/// A line on standard error about how far something is, for a person at a terminal; it goes as soon as
/// something else is written.
enum ProgressLine {
  private static let isShown = Atomic<Bool>(false)
  /// Whether the last that was written on a terminal has not ended its line.
  private static let isMidLine = Atomic<Bool>(false)

  /// Whether somebody looks.
  static var isWanted: Bool { isatty(STDERR_FILENO) == 1 && Places.hasCursor }

  /// Shows the line, in the place of the former one; not within a line of output.
  static func show(_ text: String) {
    guard isWanted, !isMidLine.load(ordering: .relaxed) else { return }
    let cells = TerminalScreen.size(of: STDERR_FILENO).columns - 1
    isShown.store(true, ordering: .relaxed)
    StandardError.put("\r" + ScreenText.cut(text.onScreen, to: cells) + "\u{1b}[K")
  }

  /// Takes the line away.
  static func erase() {
    if isShown.exchange(false, ordering: .relaxed) { StandardError.put("\r\u{1b}[K") }
  }

  /// Makes room for output; `last` is its last byte.
  static func giveWay(to last: UInt8?) {
    erase()
    if let last, StandardOutput.isTerminal { isMidLine.store(last != UInt8(ascii: "\n"), ordering: .relaxed) }
  }
}
