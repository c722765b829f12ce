import CMillraceLinux.Libc

/// Why the host can't do something: a sentence, and what to do about it (empty: it should never happen).
struct HostError: Error {
  let message: String
  let hint: String
  /// Whether only time ran out, so that another try may come to more.
  let isLate: Bool

  init(_ message: String, hint: String, isLate: Bool = false) {
    self.message = message
    self.hint = hint
    self.isLate = isLate
  }

  /// Prints the error as the operator reads it.
  func report() {
    put(hint.utf8.isEmpty ? "error: \(message)\n" : "error: \(message)\n\nhint: \(hint)\n", to: STDERR_FILENO)
  }
}

/// Returns what the kernel or libc calls an error; `result` is a negative errno.
func words(for result: Int32) -> String { String(cString: strerror(-result)) }

/// Returns the result of a call of `CMillraceLinux`, or throws what it says.
@discardableResult
func check(
  _ result: Int32, _ what: @autoclosure () -> String, hint: @autoclosure () -> String
) throws(HostError) -> Int32 {
  guard result < 0 else { return result }
  throw HostError("\(what()): \(words(for: result))", hint: hint())
}

/// Writes all of `text`, unless the reader has gone.
func put(_ text: String, to descriptor: Int32) {
  var text = text
  text.withUTF8 { put(UnsafeRawBufferPointer($0), to: descriptor) }
}

/// Writes all of `bytes`, unless the reader has gone.
func put(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) {
  var rest = bytes
  while let start = rest.baseAddress, !rest.isEmpty {
    let written = write(descriptor, start, rest.count)
    if written < 0 && millrace_error() == EINTR { continue }
    guard written > 0 else { return }
    rest = UnsafeRawBufferPointer(rebasing: rest[written...])
  }
}
