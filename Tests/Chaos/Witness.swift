import Foundation
import MillraceCore

/// What the processes of one attempt wrote down.
struct Witness {
  /// When they were written, in nanoseconds of the machine's steady clock.
  var starts: [Int64] = []
  var overlaps: [Int64] = []
  /// The last word before the end; nil if it was not reached.
  var end: String?
  /// The time of the last line.
  var last: Int64 = 0
  var text: String

  init(_ text: String) {
    self.text = text
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count >= 2, let time = Int64(words[1]) else { continue }
      last = max(last, time)
      switch words[0] {
      case "start": starts.append(time)
      case "overlap": overlaps.append(time)
      case "end": end = words.count > 2 ? String(words[2]) : ""
      default: break
      }
    }
  }

  /// Reads all files of a directory.
  static func all(in directory: String) throws -> [AttemptID: Witness] {
    var witnesses: [AttemptID: Witness] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: directory) {
      guard let id = AttemptID(fileName: name) else { continue }
      witnesses[id] = Witness(try String(contentsOfFile: "\(directory)/\(name)", encoding: .utf8))
    }
    return witnesses
  }
}

extension AttemptID {
  /// Reads `42.1`; nil for anything else.
  init?(fileName: String) {
    let parts = fileName.split(separator: ".")
    guard parts.count == 2, let job = Int64(parts[0]), let number = Int(parts[1]), job > 0 else { return nil }
    self.init(job: JobID(job), number: number)
  }
}
