import Glibc
import MillracePlugin

/// Counts the words of a text file, or of the job's input.
struct WordCount: Handler {
  struct Parameters: Decodable {
    var path: String?
    var top: Int
  }

  static let name = "wordcount"
  static let summary = "Counts the lines and words of a text, and its most frequent words"
  static let notes: [String: ParameterNote] = [
    "path": ParameterNote("a text file in UTF-8; default: the job's input", lengths: 1...4096),
    "top": ParameterNote("how many of the most frequent words are told", default: 10, range: 0...10_000),
  ]

  private static let blockBytes = 1 << 20

  func run(_ parameters: Parameters, in context: Context) throws -> Summary {
    guard (0...10_000).contains(parameters.top) else {
      throw JobFailure(
        "invalid_parameters", "`top` must be from 0 to 10000, but is \(parameters.top)", isRetryable: false)
    }
    var counter = WordCounter()
    do {
      if let path = parameters.path {
        try count(file: path, with: &counter, in: context)
      } else {
        try count(input: context.input, with: &counter, in: context)
      }
    } catch let problem as WordCounter.Problem {
      throw JobFailure("not_text", problem.description, isRetryable: false)
    }
    counter.finish()
    return Summary(of: counter, top: parameters.top)
  }

  private func count(
    input: UnsafeRawBufferPointer, with counter: inout WordCounter, in context: Context
  ) throws {
    for start in stride(from: 0, to: input.count, by: Self.blockBytes) {
      try context.checkCancellation()
      let end = min(start + Self.blockBytes, input.count)
      try counter.count(UnsafeRawBufferPointer(rebasing: input[start..<end]))
      context.progress(Double(end) / Double(input.count))
    }
  }

  private func count(file path: String, with counter: inout WordCounter, in context: Context) throws {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
    guard file >= 0 else { throw Self.failure(doing: "open", path) }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw Self.failure(doing: "examine", path) }
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.blockBytes, alignment: 16)
    defer { block.deallocate() }
    var done = 0
    while true {
      try context.checkCancellation()
      let count = read(file, block.baseAddress, block.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Self.failure(doing: "read", path) }
      guard count > 0 else { return }
      try counter.count(UnsafeRawBufferPointer(rebasing: block[..<count]))
      done += count
      context.progress(min(1, Double(done) / Double(max(1, status.st_size))))
    }
  }

  /// Makes a failure of the kernel's last error.
  private static func failure(doing verb: String, _ path: String) -> JobFailure {
    let number = errno
    let code = number == ENOENT || number == ENOTDIR ? "not_found" : "unreadable"
    return JobFailure(
      code, "cannot \(verb) `\(path)`: \(String(cString: strerror(number)))", isRetryable: false)
  }
}

/// The result of a job.
struct Summary: Encodable {
  struct Frequency: Encodable {
    var word: String
    var count: Int
  }

  var lines: Int
  var words: Int
  var distinct: Int
  var top: [Frequency]

  init(of counter: WordCounter, top: Int) {
    lines = counter.lines
    words = counter.words
    distinct = counter.distinctWords
    self.top = counter.mostFrequent(top).map { Frequency(word: $0.word, count: $0.count) }
  }
}

extension WordCounter.Problem: CustomStringConvertible {
  var description: String {
    switch self {
    case .zeroByte: "a zero byte: this is no text"
    case .wordTooLong: "a word of more than \(WordCounter.wordBytesMax) bytes: this is no text"
    }
  }
}

/// What Millrace asks this plugin for.
@c(millrace_plugin_describe)
public func describe() -> UnsafeRawPointer { PluginExport.describe(WordCount.self, version: "0.1.0") }
