/// A file that crosses between a node and the runner: none other does.
enum CourierName: Equatable {
  /// By its digest.
  case plugin(String)
  case manifest
  case heartbeat
  case closed
  case done
  /// Of an attempt, `job.number`.
  case attempt(String, Part)

  /// Which file of an attempt.
  enum Part: String {
    case payload, outcome, started, log, progress, ended, stop
  }

  /// Reads a name; nil if it is none of these.
  init?(_ text: String) {
    switch text {
    case "manifest": self = .manifest
    case "heartbeat": self = .heartbeat
    case "closed": self = .closed
    case "done": self = .done
    default:
      if let sha256 = Self.digest(text) {
        self = .plugin(sha256)
        return
      }
      let parts = text.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count == 3, parts[..<2].allSatisfy(Self.isNumber),
        let part = Part(rawValue: String(parts[2]))
      else { return nil }
      self = .attempt("\(parts[0]).\(parts[1])", part)
    }
  }

  private static func digest(_ text: String) -> String? {
    guard text.hasPrefix("plugins/"), text.hasSuffix(".so") else { return nil }
    let digits = text.dropFirst(8).dropLast(3)
    let isHex = digits.utf8.count == 64 && digits.allSatisfy { "0123456789abcdef".contains($0) }
    return isHex ? String(digits) : nil
  }

  private static func isNumber(_ text: Substring) -> Bool {
    (1...18).contains(text.utf8.count) && text.first != "0" && text.allSatisfy { "0123456789".contains($0) }
  }

  /// The name of the file in its directory.
  var file: String {
    switch self {
    case .plugin(let sha256): "\(sha256).so"
    case .manifest: "manifest"
    case .heartbeat: "heartbeat"
    case .closed: "closed"
    case .done: "done"
    case .attempt(let id, let part): "\(id).\(part.rawValue)"
    }
  }

  /// Whether a node may have it.
  var isReadable: Bool {
    switch self {
    case .plugin, .manifest, .closed, .done: true
    case .attempt(_, let part): [.payload, .started, .ended, .stop].contains(part)
    case .heartbeat: false
    }
  }

  /// Whether a node may write it, as a whole.
  var isReplaceable: Bool {
    switch self {
    case .heartbeat, .done: true
    case .attempt(_, let part): [.outcome, .started, .progress, .ended].contains(part)
    case .plugin, .manifest, .closed: false
    }
  }

  /// Whether the first one that is written stays.
  var isFinal: Bool {
    switch self {
    case .done, .attempt(_, .started), .attempt(_, .ended): true
    default: false
    }
  }
}
