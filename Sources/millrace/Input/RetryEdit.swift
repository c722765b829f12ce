import FoundationEssentials
import Glibc
import MillraceWire

/// Lets somebody change what a job shall have in its next attempts, in an editor.
struct RetryEdit {
  private let body: RetryBody

  /// Begins with what a job has, and with what is asked for already.
  init(of job: JobView, _ asked: RetryBody) {
    var body = asked
    if body.moreMemoryPercent == nil { body.memoryBytes = body.memoryBytes ?? job.limits.memoryBytes }
    body.cpuMillis = job.limits.cpuMillis
    body.pids = job.limits.pids
    body.timeoutSeconds = body.timeoutSeconds ?? job.timeoutSeconds
    body.maxAttempts = body.maxAttempts ?? job.maxAttempts
    self.body = body
  }

  /// Returns what somebody made of it.
  /// - Throws: `CommandError` if the editor fails or leaves what can't be read.
  func run() throws -> RetryBody {
    var path = Array("/tmp/millrace-retry.XXXXXX".utf8CString)
    let descriptor = mkstemp(&path)
    guard descriptor >= 0 else { throw failed("cannot make a file to edit") }
    let file = String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer {
      close(descriptor)
      unlink(file)
    }
    let text = try Wire.encoder(pretty: true).encode(body)
    guard text.withUnsafeBytes({ write(descriptor, $0.baseAddress, $0.count) }) == text.count else {
      throw failed("cannot write `\(file)`")
    }
    let editor = Places.environment("VISUAL") ?? Places.environment("EDITOR") ?? "vi"
    guard system("\(editor) '\(file)'") == 0 else {
      throw CommandError(.usage, "`\(editor)` did not end well: nothing was changed", hint: "set EDITOR")
    }
    do {
      return try Wire.decoder().decode(RetryBody.self, from: Data(try InputFile.bytes(file)))
    } catch let error as DecodingError {
      throw CommandError(.usage, "what was edited is no JSON of limits: \(error)")
    }
  }

  private func failed(_ what: String) -> CommandError {
    CommandError(.failure, "\(what): \(String(cString: strerror(errno)))")
  }
}
