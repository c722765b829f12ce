internal import FoundationEssentials

/// What a job has made: bytes, and what kind of bytes they are.
public struct JobResult: Hashable, Sendable {
  /// The bytes; nil if the job has no result.
  public let bytes: [UInt8]?
  /// The media type of the bytes, such as `image/png`.
  public let mediaType: String

  /// No result.
  public static let none = JobResult(bytes: nil, mediaType: "")

  /// Makes a result of bytes.
  ///
  /// - Parameters:
  ///   - bytes: the bytes; they may be none, which is not the same as ``none``.
  ///   - mediaType: what they are.
  /// - Returns: the result.
  public static func bytes(
    _ bytes: some Sequence<UInt8>, mediaType: String = "application/octet-stream"
  ) -> JobResult {
    JobResult(bytes: Array(bytes), mediaType: mediaType)
  }

  /// Makes a result of plain text.
  public static func text(_ text: String) -> JobResult {
    JobResult(bytes: Array(text.utf8), mediaType: "text/plain; charset=utf-8")
  }

  /// Makes a result of a value as JSON, its keys sorted.
  ///
  /// - Throws: `EncodingError` if the value has no JSON form.
  public static func json(_ value: some Encodable) throws -> JobResult {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return JobResult(bytes: Array(try encoder.encode(value)), mediaType: "application/json")
  }
}
