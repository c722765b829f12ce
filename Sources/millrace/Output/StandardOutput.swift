import Glibc

/// Where data goes.
enum StandardOutput {
  /// Whether a person looks at it.
  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Writes text.
  static func write(_ text: String) throws { try write([UInt8](text.utf8)) }

  /// Writes bytes at once.
  /// - Throws: `Ended` (`brokenPipe`) if nobody reads any more, `CommandError` if the disk does not take it.
  static func write(_ bytes: [UInt8]) throws {
    ProgressLine.giveWay(to: bytes.last)
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count >= 0 {
        rest = rest.dropFirst(count)
      } else if errno == EPIPE {
        throw Ended(code: .brokenPipe)
      } else if errno == EAGAIN {
        var polled = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
        poll(&polled, 1, -1)
      } else if errno != EINTR {
        throw CommandError(.failure, "cannot write the output: \(String(cString: strerror(errno)))")
      }
    }
  }
}

/// Where everything else goes.
enum StandardError {
  /// Writes text; if nobody takes it there is nobody to tell.
  static func write(_ text: String) {
    ProgressLine.erase()
    put(text)
  }

  /// Writes text, whatever of a line is there.
  static func put(_ text: String) {
    var rest = [UInt8](text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
      if count >= 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return }
    }
  }

  /// Writes a line about what the command does.
  static func note(_ text: String) { write("millrace: \(text)\n") }
}
