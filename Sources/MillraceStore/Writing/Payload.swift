import FoundationEssentials
import GRDB
import MillraceCore

/// An input or a result on its way into the store: in a row, or in a file that a row names.
enum Payload: Sendable {
  case row([UInt8])
  case file(name: String, size: Int)

  /// What is larger than this goes into a file: 1 MiB.
  static let largestRow = 1 << 20

  /// How many bytes it has.
  var size: Int {
    switch self {
    case .row(let bytes): bytes.count
    case .file(_, let size): size
    }
  }

  /// The columns `size`, `bytes` and `file`.
  private var values: [(any DatabaseValueConvertible)?] {
    switch self {
    case .row(let bytes): [bytes.count, Data(bytes), nil]
    case .file(let name, let size): [size, nil, name]
    }
  }

  /// Adds the input of a job.
  func insertInput(of job: JobID, in db: Database) throws {
    try db.cachedStatement(sql: "INSERT INTO input (job, size, bytes, file) VALUES (?, ?, ?, ?)")
      .execute(arguments: StatementArguments([job.rawValue] + values))
  }

  /// Adds the result of an attempt.
  func insertResult(of attempt: AttemptID, mediaType: String, in db: Database) throws {
    try StorableText.check(mediaType, "media type")
    try db.cachedStatement(
      sql: "INSERT INTO result (job, number, media_type, size, bytes, file) VALUES (?, ?, ?, ?, ?, ?)"
    ).execute(arguments: StatementArguments([attempt.job.rawValue, attempt.number, mediaType] + values))
  }

  /// Reads the columns `size`, `bytes` and `file`.
  static func read(_ reader: inout RowReader) throws -> Payload {
    let size = try reader.int()
    let bytes: Data? = reader.optional()
    let file: String? = reader.optional()
    return if let file { .file(name: file, size: size) } else { .row([UInt8](bytes ?? Data())) }
  }

  /// Returns the bytes themselves.
  func bytes(from directory: BlobDirectory) throws -> [UInt8] {
    switch self {
    case .row(let bytes): bytes
    case .file(let name, let size): try directory.read(name, size: size)
    }
  }
}
