import FoundationEssentials
import MillraceCore
import MillraceWire

@testable import MillraceHTTP

extension FuzzedParser {
  /// The bodies of requests.
  static let wire = [
    FuzzedParser("submit-request") { bytes in
      let request = try StrictJSON.decode(StrictSubmitRequest.self, from: Data(bytes)).request
      demandEqual(try again(request), request, "a request that is read again")
      let job = try request.jobRequest()
      // It leaves out what only the first of its kind has, a key for instance.
      _ = accepted { try SubmitRequest(job).jobRequest() }
    },
    FuzzedParser("workflow-request") { bytes in
      let workflow = try StrictJSON.decode(StrictWorkflowRequest.self, from: Data(bytes))
      for job in workflow.jobs { _ = try job.request.jobRequest() }
    },
    FuzzedParser("batch-request") { bytes in
      let jobs = try StrictJSON.decode(StrictBatchRequest.self, from: Data(bytes)).jobs.map(\.request)
      demandEqual(try again(BatchRequest(jobs: jobs)).jobs, jobs, "a batch that is read again")
    },
    FuzzedParser("selection-request") { bytes in
      let request = try StrictJSON.decode(Strict<SelectionRequest>.self, from: Data(bytes)).value
      demandEqual(try again(request), request, "a selection that is read again")
      // Times are written in milliseconds.
      let filter = try SelectionRequest(try request.filter()).filter()
      demandEqual(try SelectionRequest(filter).filter(), filter, "a filter that is read again")
    },
    FuzzedParser("control-request", longest: 512) { bytes in
      let body = Data(bytes)
      if let request = accepted({ try StrictJSON.decode(Strict<StationRequest>.self, from: body).value }) {
        demandEqual(try again(request), request, "a station that is read again")
        _ = accepted { try request.station() }
      }
      if let request = accepted({ try StrictJSON.decode(Strict<SettingRequest>.self, from: body).value }) {
        demandEqual(try again(request), request, "a setting that is read again")
      }
      if let request = accepted({ try StrictJSON.decode(Strict<BackfillRequest>.self, from: body).value }) {
        demandEqual(try again(request), request, "a backfill that is read again")
        _ = accepted { try BackfillRequest.time("from", request.from) }
      }
      _ = accepted { try StrictJSON.decode(StrictReprioritiseRequest.self, from: body) }
    },
    FuzzedParser("record-request", longest: 512) { bytes in
      let body = Data(bytes)
      if let request = accepted({ try StrictJSON.decode(StrictRetryBody.self, from: body).body }) {
        demandEqual(try again(request), request, "a retry that is read again")
      }
      if let request = accepted({ try StrictJSON.decode(StrictPruneRequest.self, from: body).request }) {
        demandEqual(try again(request), request, "a pruning that is read again")
      }
      if let request = accepted({ try StrictJSON.decode(StrictBackupRequest.self, from: body).request }) {
        demandEqual(try again(request), request, "a backup that is read again")
      }
    },
    FuzzedParser("job-lines", longest: 1024) { bytes in
      demandEqual(lines(of: bytes.map { [$0] }), lines(of: [bytes]), "lines that come byte by byte")
    },
  ]

  private static func again<Value: Codable>(_ value: Value) throws -> Value {
    try Wire.decoder().decode(Value.self, from: try Wire.encoder().encode(value))
  }

  /// Returns the lines of a stream that comes in pieces; nil if one is too long.
  private static func lines(of pieces: [[UInt8]]) -> [[UInt8]]? {
    accepted {
      var splitter = LineSplitter(maxLine: 64, maxTotal: 900)
      var lines: [[UInt8]] = []
      for piece in pieces { lines += try splitter.feed(piece) }
      return lines + (splitter.finish().map { [$0] } ?? [])
    }
  }
}
