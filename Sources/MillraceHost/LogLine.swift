import CMillrace
import CMillraceLinux.Libc

/// A line of a job's log: `LEVEL message name=value …`, short enough for the kernel to write it in one piece.
struct LogLine {
  /// PIPE_BUF: a pipe takes a write of at most so many bytes whole (pipe(7)).
  private static let maximumSize = 4096
  private static let mark: StaticString = "…"

  private var bytes: [UInt8] = []

  init(
    level: Int32, message: UnsafePointer<CChar>, fields: UnsafePointer<millrace_field>? = nil, count: Int = 0
  ) {
    bytes.reserveCapacity(256)
    append(LogLine.name(of: level))
    append(" ")
    appendEscaped(message, quoted: false)
    guard let fields else { return }
    for index in 0..<count where !isFull {
      guard let name = fields[index].name else { continue }
      append(" ")
      appendEscaped(name, quoted: false)
      append("=")
      guard let value = fields[index].value else { continue }
      let isPlain = LogLine.isPlain(value)
      if !isPlain { append("\"") }
      appendEscaped(value, quoted: !isPlain)
      if !isPlain { append("\"") }
    }
  }

  /// Writes the line to standard error. Returns whether all of it was written.
  func emit() -> Bool {
    var line = bytes
    let room = LogLine.maximumSize - 1
    if line.count > room {
      let kept = line.withUnsafeBytes {
        FixedText.wholeCharacters(of: $0, within: room - LogLine.mark.utf8CodeUnitCount)
      }
      line.removeLast(line.count - kept)
      LogLine.mark.withUTF8Buffer { line.append(contentsOf: $0) }
    }
    line.append(UInt8(ascii: "\n"))
    while true {
      let written = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
      if written < 0 && millrace_error() == EINTR { continue }
      return written == line.count
    }
  }

  /// More is never shown: a text without an end is not read far beyond this.
  private var isFull: Bool { bytes.count > LogLine.maximumSize }

  private static func name(of level: Int32) -> StaticString {
    switch level {
    case ...Int32(MILLRACE_LOG_DEBUG): "DEBUG"
    case Int32(MILLRACE_LOG_INFO): "INFO"
    case Int32(MILLRACE_LOG_NOTICE): "NOTICE"
    case Int32(MILLRACE_LOG_WARNING): "WARNING"
    default: "ERROR"
    }
  }

  /// Whether a value needs no quotes.
  private static func isPlain(_ value: UnsafePointer<CChar>) -> Bool {
    guard value.pointee != 0 else { return false }
    var index = 0
    while index < maximumSize {
      switch UInt8(bitPattern: value[index]) {
      case 0: return true
      case 0...0x20, 0x7f, UInt8(ascii: "\""), UInt8(ascii: "="), UInt8(ascii: "\\"): return false
      default: index += 1
      }
    }
    return false
  }

  private mutating func append(_ text: StaticString) { text.withUTF8Buffer { bytes.append(contentsOf: $0) } }

  /// Appends a text whose control characters can do a terminal no harm.
  private mutating func appendEscaped(_ text: UnsafePointer<CChar>, quoted: Bool) {
    var index = 0
    while text[index] != 0 && !isFull {
      let byte = UInt8(bitPattern: text[index])
      index += 1
      switch byte {
      case UInt8(ascii: "\n"): append("\\n")
      case UInt8(ascii: "\r"): append("\\r")
      case UInt8(ascii: "\t") where !quoted: bytes.append(byte)
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        if quoted { append("\\") }
        bytes.append(byte)
      case 0..<0x20, 0x7f:
        append("\\x")
        bytes.append(LogLine.digit(byte >> 4))
        bytes.append(LogLine.digit(byte & 15))
      default: bytes.append(byte)
      }
    }
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}
