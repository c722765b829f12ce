import FoundationEssentials

/// Kernel files that were taken from running kernels: see `Fixtures/README.md`.
enum Fixture {
  /// The folder that they lie in.
  static let folder: String = {
    let here = #filePath
    return String(here[..<(here.lastIndex(of: "/") ?? here.startIndex)]) + "/Fixtures"
  }()

  /// Returns the text of a file of a kernel.
  static func text(_ kernel: String, _ file: String) throws -> String {
    String(decoding: try bytes(kernel, file), as: UTF8.self)
  }

  /// Returns the bytes of a file of a kernel.
  static func bytes(_ kernel: String, _ file: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: "\(folder)/\(kernel)/\(file)")))
  }
}
