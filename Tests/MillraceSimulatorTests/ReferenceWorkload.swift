import TestSupport

@testable import MillraceSimulator

/// Traces and results of others.
extension ReferenceData {
  /// Opens a file; nil, with a word about what is not tested, if it is not there.
  static func file(_ name: String, test: String = #function) throws -> WorkloadFile? {
    try path(name, test: test).map { try WorkloadFile(reading: $0) }
  }

  /// Returns the rows of a file of comma-separated values, without its line of names.
  static func rows(_ file: WorkloadFile) throws -> [[String]] {
    var rows: [[String]] = []
    try file.forEachLine { number, line throws(SimulatorError) in
      if number > 1 { rows.append(line.split(separator: UInt8(ascii: ",")).map(Fields.text)) }
    }
    return rows
  }
}
