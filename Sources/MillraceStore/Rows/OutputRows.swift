import GRDB
import MillraceCore
import MillraceEngine

/// The results of the jobs that a job depends on.
struct OutputRows {
  /// The path of the database, for errors.
  let file: String
  let blobs: BlobDirectory

  /// Reads them in the order of the dependencies; a job without a result is left out.
  /// - Throws: `StoreError` if they are too large together.
  func read(for job: JobID, in db: Database) throws -> [Output] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT dependency.name, dependency.needed, result.media_type, result.size, result.bytes, result.file
        FROM dependency JOIN result ON result.job = dependency.needed AND result.number =
          (SELECT max(number) FROM attempt WHERE job = dependency.needed AND outcome = 'succeeded')
        WHERE dependency.job = ? ORDER BY dependency.position
        """)
    let rows = try Row.fetchCursor(statement, arguments: [job.rawValue])
    var outputs: [Output] = []
    var total = Bytes.zero
    while let row = try rows.next() {
      var reader = RowReader(row)
      let name: String? = reader.optional()
      let needed = JobID(try reader.value())
      let mediaType: String = try reader.value()
      let payload = try Payload.read(&reader)
      total = total + Bytes(Int64(payload.size))
      guard total <= Output.largestTotal else {
        throw StoreError(
          action: "read the results that job `\(job)` depends on", file: file, reason: .unfit,
          detail: "they have more than \(Output.largestTotal) together")
      }
      outputs.append(
        Output(
          name: name ?? "job-\(needed)", job: needed, mediaType: mediaType,
          bytes: try payload.bytes(from: blobs)))
    }
    return outputs
  }
}
