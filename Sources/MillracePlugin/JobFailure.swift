/// Why a job fails, as its handler tells it.
public struct JobFailure: Error, Hashable, Sendable {
  /// A short word for programs, such as `not_found`.
  public var code: String
  /// A sentence for people.
  public var message: String
  /// Whether another attempt may help.
  public var isRetryable: Bool

  /// Makes a failure.
  ///
  /// - Parameters:
  ///   - code: a short word for programs.
  ///   - message: a sentence for people: what could not be done, to what, and why.
  ///   - isRetryable: whether another attempt may help; by default it may.
  public init(_ code: String, _ message: String, isRetryable: Bool = true) {
    self.code = code
    self.message = message
    self.isRetryable = isRetryable
  }
}

extension JobFailure {
  /// Makes the failure that stands for any error.
  init(_ error: any Error) {
    switch error {
    case let failure as JobFailure: self = failure
    case is CancellationError: self.init("cancelled", "the job was asked to stop")
    default: self.init("error", String(describing: error))
    }
  }

  /// Makes the failure of a job whose parameters can't be decoded.
  init(parameters error: any Error) {
    let problem: String
    switch error as? DecodingError {
    case .keyNotFound(let key, let context):
      problem = "\(Self.place(context.codingPath + [key])) is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      problem = "\(Self.place(context.codingPath)): \(context.debugDescription)"
    case nil: problem = String(describing: error)
    @unknown default: problem = String(describing: error)
    }
    self.init("invalid_parameters", problem, isRetryable: false)
  }

  /// Returns a path such as `sizes.0` in backticks.
  private static func place(_ path: [any CodingKey]) -> String {
    let names = path.map { key in key.intValue.map(String.init) ?? key.stringValue }
    return names.isEmpty ? "the parameters" : "`\(names.joined(separator: "."))`"
  }
}
