/// A span of a trace, as one program tells it another.
/// Source: https://www.w3.org/TR/trace-context/#traceparent-header
package struct TraceContext: Hashable, Sendable {
  /// 32 hexadecimal digits in small letters, not all of them zero.
  package let trace: String
  /// 16 of them.
  package let span: String
  /// Whether somebody keeps the trace.
  package let isSampled: Bool

  init(trace: String, span: String, isSampled: Bool) {
    self.trace = trace
    self.span = span
    self.isSampled = isSampled
  }

  /// Reads a `traceparent`; nil if it is none. Of a later version the part that this one has is read.
  package init?(text: String) {
    let parts = text.split(separator: "-", maxSplits: 4, omittingEmptySubsequences: false)
    guard parts.count >= 4, let version = Self.hex(parts[0], 2), version != "ff",
      parts.count == 4 || version != "00", let trace = Self.hex(parts[1], 32),
      trace.contains(where: \.isNotZero),
      let span = Self.hex(parts[2], 16), span.contains(where: \.isNotZero), let flags = Self.hex(parts[3], 2)
    else { return nil }
    self.init(trace: trace, span: span, isSampled: UInt8(flags, radix: 16).map { $0 & 1 == 1 } ?? false)
  }

  /// Makes the first span of a trace that nobody knows yet.
  package static func random() -> TraceContext {
    let digits = (0..<3).map { _ in UInt64.random(in: 1 ... .max).hexadecimal }
    return TraceContext(trace: digits[0] + digits[1], span: digits[2], isSampled: true)
  }

  private static func hex(_ text: Substring, _ count: Int) -> String? {
    let isHex = text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    return isHex && text.utf8.count == count ? String(text) : nil
  }

  /// Returns the span below this one that `words` name: the same words name the same span, so that who tells
  /// of it later need not have kept its number.
  func child(_ words: String) -> TraceContext {
    let digest = SHA256.hex(of: "\(trace) \(span) \(words)".utf8)
    return TraceContext(trace: trace, span: String(digest.prefix(16)), isSampled: isSampled)
  }
}

extension TraceContext: CustomStringConvertible {
  package var description: String { "00-\(trace)-\(span)-\(isSampled ? "01" : "00")" }
}

extension Character {
  fileprivate var isNotZero: Bool { self != "0" }
}
