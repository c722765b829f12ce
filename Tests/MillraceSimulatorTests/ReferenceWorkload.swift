import Glibc

@testable import MillraceSimulator

/// Traces and results of others, which the project may not carry: in `../shared/data` beside the repository.
enum ReferenceData {
  /// Returns one of its files; nil, with a word about what is not tested, if it is not there.
  static func file(_ name: String, test: String = #function) throws -> WorkloadFile? {
    // Tests/MillraceSimulatorTests/ReferenceData.swift → the directory that the repository is in.
    let parts = #filePath.split(separator: "/").dropLast(4)
    let candidates = ["/" + parts.joined(separator: "/") + "/shared/data", "../shared/data"]
    for directory in candidates where access(directory + "/" + name, R_OK) == 0 {
      return try WorkloadFile(reading: directory + "/" + name)
    }
    print("NOT TESTED: \(test) needs `../shared/data/\(name)`, which is not there")
    return nil
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
