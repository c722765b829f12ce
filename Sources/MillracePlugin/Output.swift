internal import CMillrace

/// The result of a job that this one depends on.
public struct Output: Sendable, Hashable {
  /// The name under which this job knows the other.
  public let name: String
  /// The number of the job that made it.
  public let job: Int64
  /// What the bytes are.
  public let mediaType: String
  /// The bytes.
  public let bytes: [UInt8]

  init(_ output: millrace_output) {
    name = String(cString: output.name)
    job = output.job
    mediaType = String(cString: output.media_type)
    bytes = [UInt8](UnsafeBufferPointer(start: output.bytes, count: output.length))
  }
}
