import GRDB
import MillraceCore
import MillraceEngine

/// The SQL of a list of attempts together with their jobs.
///
/// As in `JobQuery` each filter names its index, and a list by time is not sorted. Labels, states and a least
/// memory peak have no index in the order of time. Where few rows match them, they drive and the few rows
/// are sorted, by their keys alone; where many do, the list runs along the time and finds enough of them
/// soon.
struct HistoryQuery {
  /// What a list runs along.
  enum Driver: Equatable, CaseIterable {
    case job, label, state, handlerState, memory, build, node, outcome, handlerOutcome, jobClass, handler
    case time, order

    /// Whether its rows are found in another order than any list has.
    var isSorted: Bool {
      switch self {
      case .label, .state, .handlerState, .memory, .build: true
      case .job, .node, .outcome, .handlerOutcome, .jobClass, .handler, .time, .order: false
      }
    }
  }

  /// How many rows are few: sorting the keys of so many takes some 25 ms.
  static let few = 10_000

  let filter: HistoryFilter
  let driver: Driver

  /// Makes the query; looks into the database for what is rare there.
  init(_ filter: HistoryFilter, in db: Database) throws {
    self.init(filter, driver: try Self.driver(for: filter, in: db))
  }

  init(_ filter: HistoryFilter, driver: Driver) {
    self.filter = filter
    self.driver = driver
  }

  /// Returns the statement of the list: the sort key, `AttemptRow.columns`, then what the job says (state,
  /// priority, class, labels).
  var list: SQL {
    let columns: SQL = """
      \(sortKey), \(sql: AttemptRow.columns), job.state, job.priority, job.class,
      (SELECT json_group_object(key, value) FROM label WHERE label.job = job.id)
      """
    // The attempts at one job are in order by number, whatever the clock did.
    let order: SQL = isByNumber ? "3 DESC" : "1 DESC, 2 DESC, 3 DESC"
    let part: SQL = "ORDER BY \(order) LIMIT \(filter.limit)"
    // By another figure than the time, everything is sorted that does not run along that figure.
    let isSorted = driver.isSorted || (filter.order != .time && driver != .order)
    guard isSorted else { return "\(rows(columns, withJobs: true)) \(part)" }
    let keys: SQL = "\(sortKey), attempt.job AS job, attempt.number AS number"
    return """
      SELECT \(columns) FROM (\(rows(keys)) \(part)) AS found
      CROSS JOIN attempt ON attempt.job = found.job AND attempt.number = found.number
      CROSS JOIN job ON job.id = attempt.job ORDER BY \(order)
      """
  }

  /// Returns a statement for the rows in no order, with other columns of `attempt`.
  func rows(_ columns: SQL) -> SQL { rows(columns, withJobs: !filter.states.isEmpty) }

  /// Without jobs, none is looked up for a row that is only sorted or counted: that takes as long as the row
  /// itself.
  private func rows(_ columns: SQL, withJobs: Bool) -> SQL {
    let source = withJobs ? "\(source) \(jobs)" : source
    let hasArms = driver == .outcome || driver == .handlerOutcome
    let arms = hasArms ? filter.outcomes.uniqued.map { arm(columns, of: source, outcome: $0) } : []
    return arms.isEmpty ? arm(columns, of: source, outcome: nil) : arms.joined(separator: " UNION ALL ")
  }

  private var isByNumber: Bool { driver == .job && filter.order == .time }

  /// What the rows after a place have in common. What is not known comes last, as NULL does.
  private func condition(after place: HistoryCursor) -> SQL {
    let (job, number) = (place.attempt.job.rawValue, place.attempt.number)
    if isByNumber { return "attempt.number < \(number)" }
    let isLater: SQL = "(attempt.job < \(job) OR (attempt.job = \(job) AND attempt.number < \(number)))"
    guard let key = place.key else { return "(\(sortKey) IS NULL AND \(isLater))" }
    let isBelow: SQL = "\(sortKey) <= \(key) AND (\(sortKey) < \(key) OR \(isLater))"
    // Where there is no NULL, the index leads to the place.
    return filter.order == .time ? isBelow : "((\(isBelow)) OR \(sortKey) IS NULL)"
  }

  private var sortKey: SQL {
    switch filter.order {
    case .time: "attempt.starting"
    case .memory: "attempt.memory_peak"
    case .cpu: "attempt.cpu"
    case .duration: "attempt.duration"
    case .wait: "attempt.wait"
    }
  }

  private func arm(_ columns: SQL, of source: SQL, outcome: Outcome?) -> SQL {
    var conditions: [SQL] = []
    if let outcome {
      conditions.append("attempt.outcome = \(outcome.rawValue)")
    } else if !filter.outcomes.isEmpty {
      conditions.append("attempt.outcome IN \(filter.outcomes.map(\.rawValue))")
    }
    if !filter.states.isEmpty { conditions.append("job.state IN \(filter.states.map(\.rawValue))") }
    if let handler = filter.handler {
      conditions.append("attempt.handler = \(handler)")
      if driver == .handlerState { conditions.append(Self.wentWrong(of: handler)) }
    }
    if let jobClass = filter.jobClass { conditions.append("attempt.class = \(jobClass)") }
    if let node = filter.node { conditions.append("attempt.node = \(node)") }
    if let job = filter.job { conditions.append("attempt.job = \(job.rawValue)") }
    if let build = filter.build {
      conditions.append("\(Self.isBuild("attempt.plugin_sha256", build))")
    }
    if let since = filter.since { conditions.append("attempt.starting >= \(since.rawValue)") }
    if let until = filter.until { conditions.append("attempt.starting < \(until.rawValue)") }
    if let least = filter.minMemory { conditions.append("attempt.memory_peak >= \(least.rawValue)") }
    if let place = filter.after { conditions.append(condition(after: place)) }
    for (index, label) in filter.labels.sorted(by: { $0.key < $1.key }).enumerated() {
      conditions.append(
        driver == .label && index == 0
          ? "label.key = \(label.key) AND label.value = \(label.value)"
          : LabelCondition.sql(job: "attempt.job", key: label.key, value: label.value))
    }
    let matching: SQL = conditions.isEmpty ? "" : " WHERE \(conditions.joined(operator: .and))"
    return "SELECT \(columns) FROM \(source)\(matching)"
  }

  private var source: SQL {
    switch driver {
    case .job: "job CROSS JOIN \(attemptsOfJob) ON attempt.job = job.id"
    case .label: "label INDEXED BY label_value CROSS JOIN \(attemptsOfJob) ON attempt.job = label.job"
    case .state: "job INDEXED BY job_state CROSS JOIN \(attemptsOfJob) ON attempt.job = job.id"
    case .handlerState: "job INDEXED BY job_handler_state CROSS JOIN \(attemptsOfJob) ON attempt.job = job.id"
    case .memory: attempts(by: "attempt_memory")
    case .build: attempts(by: "attempt_build")
    case .node: attempts(by: "attempt_node")
    case .outcome: attempts(by: "attempt_outcome")
    case .handlerOutcome: attempts(by: "attempt_handler_outcome")
    case .jobClass: attempts(by: "attempt_class")
    case .handler: attempts(by: "attempt_handler")
    case .time: attempts(by: "attempt_time")
    case .order: attempts(by: "attempt_\(filter.order.rawValue)")
    }
  }

  private func attempts(by index: String) -> SQL { "attempt INDEXED BY \(sql: index)" }

  /// By the primary key: SQLite would rather run through all that a handler, or an outcome, has.
  private var attemptsOfJob: SQL { attempts(by: "sqlite_autoindex_attempt_1") }

  /// The jobs of the attempts, where they do not drive.
  private var jobs: SQL {
    switch driver {
    case .job, .state, .handlerState: ""
    case .label, .memory, .build, .node, .outcome, .handlerOutcome, .jobClass, .handler, .time, .order:
      "CROSS JOIN job ON job.id = attempt.job"
    }
  }
}

extension HistoryQuery {
  /// Returns what the list should run along.
  private static func driver(for filter: HistoryFilter, in db: Database) throws -> Driver {
    if filter.job != nil { return .job }
    if let first = filter.labels.min(by: { $0.key < $1.key }) {
      let matching: SQL = """
        SELECT 1 FROM label INDEXED BY label_value WHERE key = \(first.key) AND value = \(first.value)
        """
      if try isRare(matching, in: db) { return .label }
    }
    if !filter.states.isEmpty {
      let isAsked: SQL = "state IN \(filter.states.map(\.rawValue))"
      if try isRare("SELECT 1 FROM job INDEXED BY job_state WHERE \(isAsked)", in: db) { return .state }
      if let handler = filter.handler, filter.states.allSatisfy(\.isWrong) {
        let matching: SQL = """
          SELECT 1 FROM job INDEXED BY job_handler_state WHERE \(wentWrong(of: handler)) AND \(isAsked)
          """
        if try isRare(matching, in: db) { return .handlerState }
      }
    }
    if let least = filter.minMemory {
      let matching: SQL = """
        SELECT 1 FROM attempt INDEXED BY attempt_memory WHERE memory_peak >= \(least.rawValue)
        """
      if filter.order == .memory { return .order }
      if try isRare(matching, in: db) { return .memory }
    }
    if let build = filter.build {
      let matching: SQL = """
        SELECT 1 FROM attempt INDEXED BY attempt_build WHERE \(isBuild("plugin_sha256", build))
        """
      if try isRare(matching, in: db) { return .build }
    }
    let driver = indexed(filter)
    guard filter.order != .time, driver != .order else { return driver }
    // Many rows are not sorted: along the figure, enough of them are found soon.
    return try isRare(matching(filter, along: driver), in: db) ? driver : .order
  }

  /// What an index gives for a filter, without what other columns say.
  private static func matching(_ filter: HistoryFilter, along driver: Driver) -> SQL {
    var conditions: [SQL] = [
      "starting >= \(filter.since?.rawValue ?? .min)", "starting < \(filter.until?.rawValue ?? .max)",
    ]
    var index = "attempt_time"
    switch driver {
    case .node:
      index = "attempt_node"
      conditions.append("node = \(filter.node ?? "")")
    case .outcome:
      index = "attempt_outcome"
      conditions.append("outcome IN \(filter.outcomes.map(\.rawValue))")
    case .handlerOutcome:
      index = "attempt_handler_outcome"
      conditions.append("handler = \(filter.handler ?? "") AND outcome IN \(filter.outcomes.map(\.rawValue))")
    case .jobClass:
      index = "attempt_class"
      conditions.append("class = \(filter.jobClass ?? "")")
    case .handler:
      index = "attempt_handler"
      conditions.append("handler = \(filter.handler ?? "")")
    case .job, .label, .state, .handlerState, .memory, .build, .time, .order: break
    }
    return """
      SELECT 1 FROM attempt INDEXED BY \(sql: index) WHERE \(conditions.joined(operator: .and))
      """
  }

  /// Returns the filter whose index is in the order of time.
  static func indexed(_ filter: HistoryFilter) -> Driver {
    if filter.node != nil { return .node }
    if filter.jobClass != nil { return .jobClass }
    if !filter.outcomes.isEmpty { return filter.handler == nil ? .outcome : .handlerOutcome }
    if filter.handler != nil { return .handler }
    return filter.order == .time || filter.since != nil ? .time : .order
  }

  /// Whether a job of a handler went wrong.
  private static func wentWrong(of handler: String) -> SQL {
    "job.handler = \(handler) AND \(sql: Schema.wentWrong)"
  }

  /// Whether a column names a build whose SHA-256 begins so; word for word what `attempt_build` has first.
  private static func isBuild(_ column: String, _ build: String) -> SQL {
    let first = String(build.prefix(HistoryFilter.leastBuild))
    return """
      substr(\(sql: column), 1, 8) = \(first) AND \(sql: column) >= \(build)
      AND \(sql: column) < \(build + "g")
      """
  }

  private static func isRare(_ matching: SQL, in db: Database) throws -> Bool {
    let count: SQL = "SELECT count(*) FROM (\(matching) LIMIT \(few + 1))"
    return try SQLRequest<Int>(literal: count).fetchOne(db) ?? 0 <= few
  }
}
