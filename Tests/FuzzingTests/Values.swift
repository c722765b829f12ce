import MillraceSimulator
import MillraceWire

@testable import MillraceCore

extension FuzzedParser {
  /// Sizes, spans, times and names.
  static let values = [
    FuzzedParser(text: "size", longest: 64) { text in
      guard let size = Bytes(text: text) else { return }
      demandEqual(Bytes(text: "\(size.rawValue)"), size, "a size in bytes")
      demand(!size.description.isEmpty, "a size has words")
    },
    FuzzedParser(text: "duration", longest: 64) { text in
      guard let span = Duration(text: text) else { return }
      demand(span >= .zero && span <= .seconds(1000 * 366 * 86_400), "a span is 0 to 1000 years")
      demand(!span.text.isEmpty && !(.zero - span).text.isEmpty, "a span has words")
    },
    FuzzedParser(text: "rate", longest: 64) { text in
      guard let rate = Rate(text: text) else { return }
      demandEqual(Rate(text: rate.shortText), rate, "a rate that is read again")
    },
    FuzzedParser(text: "time", longest: 64) { text in
      switch WrittenTime(text: text) {
      case .instant(let time):
        demandEqual(WrittenTime(text: Wire.exactText(of: time)), .instant(time), "a time that is read again")
        let milliseconds = Wire.time(from: Wire.text(of: time))
        demand(milliseconds.map { $0 <= time && time - $0 < .milliseconds(1) } ?? false, "cut to ms")
        demandEqual(Wire.httpDate(of: time).utf8.count, 29, "the length of a date")
      case .local(let local):
        demandEqual(WrittenTime(text: local.text), .local(local), "a local time that is read again")
      case nil: demand(Wire.time(from: text) == nil, "what is no time")
      }
    },
    FuzzedParser(text: "number", longest: 64) { text in
      if let job = JobID(text: text) { demandEqual(JobID(text: "\(job)"), job, "a job") }
      if let attempt = AttemptID(text: text) {
        demandEqual(AttemptID(text: "\(attempt)"), attempt, "an attempt")
      }
      if let place = HistoryCursor(text: text) {
        demandEqual(HistoryCursor(text: "\(place)"), place, "a place in the history")
      }
    },
    FuzzedParser(text: "traceparent", longest: 128) { text in
      guard let context = TraceContext(text: text) else { return }
      demandEqual(TraceContext(text: "\(context)"), context, "a trace that is read again")
      let child = context.child(text)
      demandEqual(TraceContext(text: "\(child)"), child, "the span below it")
    },
    FuzzedParser("event-pattern", longest: 128) { bytes in
      let texts = parts(of: bytes, 2).map { String(decoding: $0, as: UTF8.self) }
      let name = Array(texts[1].utf8)
      guard let pattern = NamePattern(text: texts[0]), name.allSatisfy({ $0 < 0x80 }) else { return }
      demandEqual(
        pattern.matches(texts[1]), fits(name, Array(texts[0].utf8)), "whether `\(texts[1])` fits")
    },
    FuzzedParser(text: "policy-settings", longest: 256) { text in
      var policy = SWFTrace.policy(.default, processors: 4)
      try PolicySettings.apply(list: text, to: &policy)
    },
  ]

  /// Whether a name fits a pattern, column by column of what fits so far.
  private static func fits(_ name: [UInt8], _ pattern: [UInt8]) -> Bool {
    var row = [true] + name.map { _ in false }
    for byte in pattern {
      var next = row.map { _ in false }
      for index in row.indices {
        if byte == UInt8(ascii: "*") {
          next[index] = row[index] || index > 0 && next[index - 1]
        } else if index > 0 {
          next[index] = row[index - 1] && name[index - 1] == byte
        }
      }
      row = next
    }
    return row[name.count]
  }
}
