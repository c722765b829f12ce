import FoundationEssentials
import GRDB
import MillraceCore
import MillraceEngine

/// Reads what an attempt at a job needs and the scheduler does not keep.
struct PayloadQuery {
  /// The path of the database, for errors.
  let file: String
  let blobs: BlobDirectory

  static let sql = """
    SELECT job.parameters, job.trace_parent, job.affinity, checkpoint.bytes, input.job, input.size,
      input.bytes, input.file,
      EXISTS (SELECT 1 FROM dependency WHERE dependency.job = job.id)
    FROM job LEFT JOIN input ON input.job = job.id LEFT JOIN checkpoint ON checkpoint.job = job.id
    WHERE job.id = ?
    """

  /// Reads those of the first jobs: until they have `size` bytes together, and one at least.
  func read(of jobs: [JobID], atMost size: Bytes, in db: Database) -> [Result<StoredPayload, any Error>] {
    var payloads: [Result<StoredPayload, any Error>] = []
    var left = size
    for job in jobs where payloads.isEmpty || left > .zero {
      let payload = Result { try read(of: job, in: db) }
      if case .success(let payload) = payload { left = left - payload.size }
      payloads.append(payload)
    }
    return payloads
  }

  /// Reads one.
  func read(of job: JobID, in db: Database) throws -> StoredPayload {
    guard let row = try Row.fetchOne(db.cachedStatement(sql: Self.sql), arguments: [job.rawValue]) else {
      throw StoreError(
        action: "read a payload", file: file, reason: .wrongState, detail: "job `\(job)` is not there")
    }
    var reader = RowReader(row)
    let parameters = try JobRow.parameters(from: reader.value())
    let traceParent: String? = reader.optional()
    let affinity: String? = reader.optional()
    let checkpoint: Data? = reader.optional()
    let hasInput = (reader.optional() as Int64?) != nil
    let input = hasInput ? try Payload.read(&reader).bytes(from: blobs) : nil
    if !hasInput { reader.skip(3) }
    var payload = StoredPayload(parameters: parameters, input: input, traceParent: traceParent)
    payload.affinity = affinity
    payload.checkpoint = checkpoint.map { [UInt8]($0) }
    if try reader.value() {
      payload.outputs = try OutputRows(file: file, blobs: blobs).read(for: job, in: db)
    }
    return payload
  }
}
