import Foundation
import TestSupport

/// Runs the real programs, which were built beside the test bundle.
enum Programs {
  /// Runs a program to its end.
  static func run(
    _ name: String, _ arguments: [String], environment: [String: String] = [:], input: Data = Data()
  ) async throws -> TestProcess.Run {
    try await TestProcess(
      name, arguments, environment: TestProcess.environment(with: environment), input: input
    ).ended()
  }
}
