import MillraceCore
import MillraceYAML

/// The section that says what is kept, and how long.
extension ConfigurationReader {
  mutating func applyRetention(_ section: Setting) {
    let spans = Duration.seconds(60)...Setting.century
    let known = [
      "succeeded", "failed", "cancelled", "logs", "ticks", "events", "transitions", "audit", "bytes",
    ]
    for setting in section.settings(known: known) {
      switch setting.name {
      case "succeeded": set(&configuration.retention.succeeded, setting.durationOr("ever", spans))
      case "failed": set(&configuration.retention.failed, setting.durationOr("ever", spans))
      case "cancelled": set(&configuration.retention.cancelled, setting.durationOr("ever", spans))
      case "logs": set(&configuration.retention.logs, setting.durationOr("ever", spans))
      case "ticks": set(&configuration.retention.ticks, setting.durationOr("ever", spans))
      case "events": set(&configuration.retention.events, setting.durationOr("ever", spans))
      case "transitions": set(&configuration.retention.transitions, setting.durationOr("ever", spans))
      case "audit": set(&configuration.retention.audit, setting.durationOr("ever", spans))
      default:
        set(
          &configuration.retention.bytes,
          setting.bytesOr("unbounded", .mebibytes(1)...Bytes.gibibytes(1 << 20)))
      }
    }
  }
}

extension Setting {
  fileprivate static let century = Duration.seconds(100 * 366 * 86_400)

  /// Reads a size or a word for "no bound", which is the inner nil.
  fileprivate func bytesOr(_ word: String, _ range: ClosedRange<Bytes>) -> Bytes?? {
    value("a size from \(range.lowerBound) to \(range.upperBound), like 10G, or `\(word)`") { text in
      text == word ? .some(nil) : Bytes(text: text).flatMap { range.contains($0) ? .some($0) : nil }
    }
  }
}
