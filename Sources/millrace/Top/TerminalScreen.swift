import Glibc

/// The terminal as a full screen: keys come raw, lines are drawn on the other screen, without a cursor; at
/// the end it is as it was.
final class TerminalScreen {
  /// The other screen, no cursor, no line that runs on into the next (xterm's private modes, ctlseqs).
  private static let entry = "\u{1b}[?1049h\u{1b}[?25l\u{1b}[?7l\u{1b}[2J"
  private static let exit = "\u{1b}[0m\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l"

  private let former: termios
  private var isOpen = false
  /// What is on the screen, and how large it was then.
  private var shown: [String] = []
  private var shownSize = ScreenSize(columns: 0, rows: 0)

  /// Takes the terminal over.
  /// - Throws: `CommandError` if standard input is none.
  init() throws {
    var settings = termios()
    guard tcgetattr(STDIN_FILENO, &settings) == 0 else {
      throw CommandError(.failure, "cannot read the terminal's settings: \(String(cString: strerror(errno)))")
    }
    former = settings
    try open()
  }

  deinit { close() }

  /// How large the terminal of a descriptor is now; 80 by 24 if it does not tell.
  static func size(of descriptor: Int32 = STDOUT_FILENO) -> ScreenSize {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
      return ScreenSize(columns: 80, rows: 24)
    }
    return ScreenSize(columns: Int(size.ws_col), rows: Int(size.ws_row))
  }

  /// Takes it over, also when somebody else had it meanwhile.
  func open() throws {
    var raw = former
    // Signals stay: Ctrl-C and Ctrl-Z do what they always do.
    raw.c_lflag &= ~tcflag_t(ICANON | ECHO | IEXTEN)
    raw.c_iflag &= ~tcflag_t(IXON | ICRNL)
    withUnsafeMutableBytes(of: &raw.c_cc) { bytes in
      bytes[Int(VMIN)] = 1
      bytes[Int(VTIME)] = 0
    }
    isOpen = true
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw)
    shown = []
    try StandardOutput.write(Self.entry)
  }

  /// Gives it back; nothing happens the second time.
  func close() {
    guard isOpen else { return }
    isOpen = false
    var former = former
    tcsetattr(STDIN_FILENO, TCSADRAIN, &former)
    do {
      try StandardOutput.write(Self.exit)
    } catch {
      // The terminal is gone: nobody looks at it.
    }
  }

  /// Shows lines, in one write: those only that are not there already.
  func draw(_ lines: [String], size: ScreenSize) throws {
    var text = ""
    if size != shownSize {
      text = "\u{1b}[2J"
      shown = []
    }
    for (row, line) in lines.enumerated() where row >= shown.count || shown[row] != line {
      text += "\u{1b}[\(row + 1);1H\(line)\u{1b}[0m\u{1b}[K"
    }
    (shown, shownSize) = (lines, size)
    if !text.isEmpty { try StandardOutput.write(text) }
  }
}
