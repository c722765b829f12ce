import FoundationEssentials
import Glibc
package import Logging
package import MillraceCore
package import MillraceEngine

/// Writes the spans of jobs and attempts into a file as they end. It follows what is committed, so jobs wait
/// for none of it; and a span that the file does not take is told in the log and lost.
package struct TraceWriter: Sendable {
  /// Where to, and how large the file gets.
  package struct Settings: Sendable, Equatable {
    package var file: String
    package var largest = Bytes.mebibytes(64)

    package init(file: String) { self.file = file }
  }

  private let feed: any TransitionStore
  private let history: any HistoryReader
  private let settings: Settings
  private let version: String
  private let start: Int64
  private let log: Logger

  /// Makes one that tells of what ends from now on.
  package init(
    following feed: any TransitionStore, history: any HistoryReader, settings: Settings, version: String,
    log: Logger
  ) {
    (self.feed, self.history, self.settings) = (feed, history, settings)
    (self.version, self.log) = (version, log)
    start = feed.live.last
  }

  /// Works until it is cancelled; what was committed by then is written.
  package func run() async {
    guard let (bell, ring) = feed.live.listen() else {
      return log.error("too many follow what changes: no spans are written")
    }
    // It is not cancelled itself: there is something left to write then.
    let work = Task { await follow(bell) }
    await withTaskCancellationHandler {
      await work.value
    } onCancel: {
      ring.finish()
    }
  }

  private func follow(_ bell: AsyncStream<Void>) async {
    var reader = TransitionReader(feed, after: start)
    let tracer = FileTracer()
    let file = SpanFile(path: settings.file, atMost: Int(settings.largest.rawValue))
    for await _ in bell { await write(&reader, tracer, file) }
    await write(&reader, tracer, file)
  }

  /// Writes what is new. What can't be read or written is told and left out: the jobs are what counts.
  private func write(_ reader: inout TransitionReader, _ tracer: FileTracer, _ file: SpanFile) async {
    do {
      while let part = try await reader.next() {
        switch part {
        case .reset(let reset):
          log.warning(
            "spans are missing: what ended is no longer on record",
            metadata: ["after": "\(reset.after)", "until": "\(reset.resume)"])
        case .rows(let rows, let last):
          for row in rows {
            let unseen = row.transitions.dropFirst(Int(max(0, last - row.first + 1)))
            try await tell(unseen, to: JobSpans(tracer: tracer))
          }
          append(tracer.takeEnded(), to: file)
        }
      }
    } catch {
      log.error("spans are lost: the record can't be read", metadata: ["error": "\(error)"])
    }
  }

  private func tell(_ transitions: ArraySlice<Transition>, to spans: JobSpans<FileTracer>) async throws {
    let ends = transitions.filter { $0.kind == .attemptEnded || $0.state?.isFinal ?? false }
    for (id, ends) in Dictionary(grouping: ends, by: \.job) {
      guard let id, let job = try await history.job(id) else { continue }
      let numbers = Set(ends.filter { $0.kind == .attemptEnded }.compactMap(\.attempt))
      if !numbers.isEmpty {
        for attempt in try await history.attempts(of: id) where numbers.contains(attempt.id.number) {
          spans.tell(attempt, of: job)
        }
      }
      if ends.contains(where: { $0.state?.isFinal ?? false }) { spans.tell(job) }
    }
  }

  private func append(_ spans: [OTLPSpan], to file: SpanFile) {
    guard !spans.isEmpty else { return }
    do {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      let line = OTLPLine(spans, host: Self.host, version: version)
      try file.append(Array(try encoder.encode(line)) + [UInt8(ascii: "\n")])
    } catch {
      log.error("spans are lost", metadata: ["count": "\(spans.count)", "error": "\(error)"])
    }
  }

  private static let host: String = {
    var name = utsname()
    uname(&name)
    return withUnsafeBytes(of: name.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }()
}
