import CMillraceLinux
import Foundation
import TestSupport

/// Returns the result of a call of `CMillraceLinux` or libc, or throws what it says.
@discardableResult
func check<Number: BinaryInteger>(_ result: Number, _ what: String) throws -> Number {
  guard result < 0 else { return result }
  throw TestFailure("\(what): \(String(cString: strerror(result == -1 ? errno : -Int32(result))))")
}

/// The real program, built beside the test bundle.
enum HostProgram {
  static let path: String = {
    let bundle = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    return bundle.deletingLastPathComponent().appendingPathComponent("millrace-host").path
  }()

  /// What a run of it left.
  struct Run {
    let status: Int32
    let output: Data
    let errors: String
  }

  /// Runs it to its end.
  static func run(_ arguments: String...) throws -> Run { try run(arguments) }

  /// Runs it to its end.
  static func run(_ arguments: [String]) throws -> Run {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    let output = Pipe()
    // A file: two pipes would have to be read at once.
    let errors = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try Data().write(to: errors)
    defer { unlink(errors.path) }
    process.standardOutput = output
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let words = String(decoding: try Data(contentsOf: errors), as: UTF8.self)
    return Run(status: process.terminationStatus, output: data, errors: words)
  }
}
