import HTTPTypes
import Hummingbird
import HummingbirdCore
import MillraceCore
import MillraceEngine
import MillraceWire

/// Schedules: add, look at, change, and what became of their nominal times.
struct ScheduleRoutes: Sendable {
  /// Nil if this runner has none.
  let service: (any ScheduleService)?
  /// Tells which parameters of a handler are secrets.
  let catalog: @Sendable () async -> Catalog
  let bodies: BodyReader

  func add(to routes: inout RouteTable) {
    routes.show("/schedules", query: .read, use: list)
    routes.change("/schedules", needs: .role(.operator), use: addOne)
    routes.show("/schedules/:name", use: show)
    routes.change("/schedules/:name", by: .put, needs: .role(.operator), use: edit)
    routes.change("/schedules/:name", by: .delete, needs: .role(.operator), use: remove)
    routes.change("/schedules/:name/pause", needs: .role(.operator)) { _, context in
      try await pause(context, true)
    }
    routes.change("/schedules/:name/resume", needs: .role(.operator)) { _, context in
      try await pause(context, false)
    }
    routes.change("/schedules/:name/run", needs: .role(.operator), use: runNow)
    routes.change("/schedules/:name/backfill", needs: .role(.operator), use: backfill)
    routes.show("/schedules/:name/preview", query: .read, use: preview)
    routes.show("/schedules/:name/ticks", query: .read, use: ticks)
  }

  @Sendable private func list(_ request: Request, _ context: APIContext) async throws -> Response {
    var after = ""
    var limit = 100
    for (name, value) in try request.queryItems {
      switch name {
      case "after": after = value
      case "limit": limit = try QueryValue.count(name, value, 1...10_000)
      default: throw QueryValue.unknown(name)
      }
    }
    let later = try await known.schedules(after: after, atMost: limit + 1)
    let veiled = await veiled(from: context)
    var page = SchedulePage(schedules: [])
    for standing in later.prefix(limit) {
      let filter = TickFilter(schedule: standing.schedule.id, limit: ScheduleWarning.span)
      let rows = try await known.scheduleRecord.ticks(matching: filter)
      page.schedules.append(try shown(ScheduleView(standing, rows: rows), without: veiled))
    }
    if later.count > limit { page.next = page.schedules.last?.name }
    return try Response(json: page)
  }

  @Sendable private func addOne(_ request: Request, _ context: APIContext) async throws -> Response {
    let standing = try await known.add(try await bodies.schedule(of: request))
    return try changed(
      standing, status: .created,
      headers: [.location: "\(Wire.prefix)/schedules/\(standing.schedule.definition.name)"])
  }

  @Sendable private func show(_ request: Request, _ context: APIContext) async throws -> Response {
    let standing = try await known.schedule(named: context.name)
    let id = standing.schedule.id
    let record = try known.scheduleRecord
    let rows = try await record.ticks(matching: TickFilter(schedule: id, limit: ScheduleDetail.span))
    let tally = try await record.tallies(of: [id])[id] ?? ScheduleTally()
    // One that waits for events has no times to tell.
    let times =
      standing.schedule.definition.trigger == nil
      ? try await known.preview(context.name, count: ScheduleDetail.span) : []
    let view = try shown(
      ScheduleView(standing, rows: rows, tally: tally), without: await veiled(from: context))
    return try Response(
      json: ScheduleDetail(view, tally, times: times, rows: rows),
      headers: view.revision.map { [.eTag: EntityTags.text(of: $0)] } ?? [:])
  }

  /// The handlers whose secrets are kept from who asks; nil for who may change schedules.
  private func veiled(from context: APIContext) async -> [Handler]? {
    if let principal = context.principal, principal.role >= .operator { return nil }
    return await catalog().plugins.flatMap(\.handlers)
  }

  private func shown(_ view: ScheduleView, without veiled: [Handler]?) throws -> ScheduleView {
    guard let veiled else { return view }
    var view = view
    view.revision = nil  // A digest would let secrets be guessed.
    view.definition = try ScheduleDefinition.concealingSecrets(of: view.definition) { name in
      veiled.first { $0.name == name }
    }
    return view
  }

  @Sendable private func edit(_ request: Request, _ context: APIContext) async throws -> Response {
    let name = context.name
    let definition = try await bodies.schedule(of: request, named: name)
    return try changed(
      try await known.edit(name, to: definition, from: try EntityTags.expected(by: request)))
  }

  @Sendable private func remove(_ request: Request, _ context: APIContext) async throws -> Response {
    try await known.remove(schedule: context.name, of: try EntityTags.expected(by: request))
    return Response(status: .noContent)
  }

  private func pause(_ context: APIContext, _ isPaused: Bool) async throws -> Response {
    try changed(try await known.pause(context.name, isPaused))
  }

  /// Makes the answer to a change.
  private func changed(
    _ standing: ScheduleStanding, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
  ) throws -> Response {
    var headers = headers
    headers[.eTag] = EntityTags.text(of: standing.schedule.definition.revision)
    return try Response(json: ScheduleView(standing), status: status, headers: headers)
  }

  @Sendable private func runNow(_ request: Request, _ context: APIContext) async throws -> Response {
    let acceptance = try await known.runNow(context.name, key: try await bodies.runKey(of: request))
    return try Response(
      json: RunNowAnswer(job: acceptance.job), status: acceptance.isNew ? .created : .ok,
      headers: [.location: "\(Wire.prefix)/jobs/\(acceptance.job)"])
  }

  @Sendable private func backfill(_ request: Request, _ context: APIContext) async throws -> Response {
    let body = try await bodies.backfill(of: request)
    let range = BackfillRange(
      from: try BackfillRequest.time("from", body.from), to: try BackfillRequest.time("to", body.to))
    let made = try await known.backfill(context.name, range)
    return try Response(json: BackfillView(ticks: made.ticks.map { TickView($0) }, existing: made.existing))
  }

  @Sendable private func preview(_ request: Request, _ context: APIContext) async throws -> Response {
    var count = ScheduleDetail.span
    for (name, value) in try request.queryItems {
      guard name == "count" else { throw QueryValue.unknown(name) }
      count = try QueryValue.count(name, value, 1...10_000)
    }
    let times = try await known.preview(context.name, count: count)
    return try Response(json: PlannedTimePage(times: times.map { PlannedTimeView($0) }))
  }

  @Sendable private func ticks(_ request: Request, _ context: APIContext) async throws -> Response {
    let id = try await known.schedule(named: context.name).schedule.id
    let filter = try TickFilter(schedule: id, queryItems: request.queryItems)
    return try Response(json: TickPage(try await known.scheduleRecord.ticks(matching: filter), of: filter))
  }

  private var known: any ScheduleService {
    get throws {
      guard let service else { throw Refusal(.conflict, "this runner has no schedules") }
      return service
    }
  }
}

extension ScheduleView {
  /// Makes the view of a schedule as it stands.
  init(_ standing: ScheduleStanding, rows: [TickRow]? = nil, tally: ScheduleTally = ScheduleTally()) {
    self.init(
      standing.schedule, next: standing.next, unfinished: standing.unfinished, rows: rows, tally: tally)
  }
}
