import GRDB
import MillraceCore
import MillraceEngine

/// The SQL of a list of jobs, the newest first.
///
/// SQLite keeps no figures about our tables that could lead its planner, so each filter names its index: the
/// most selective one drives, the others are checked on its rows. Every index on `job` ends in the job's
/// number, so no list is sorted. Several states are one arm each of a UNION ALL, which SQLite merges.
struct JobQuery {
  private enum Driver { case workflow, label, group, jobClass, state, handler, number }

  let filter: JobFilter

  /// Returns the statement: a job's number and `JobRow.columns`.
  var sql: SQL {
    let arms = driver == .state ? filter.states.uniqued.map { self.arm(state: $0) } : [arm(state: nil)]
    return """
      \(arms.joined(separator: " UNION ALL ")) ORDER BY 1 DESC LIMIT \(filter.limit)
      """
  }

  private var driver: Driver {
    if filter.workflow != nil { return .workflow }
    if !filter.labels.isEmpty { return .label }
    if filter.group != nil { return .group }
    if filter.jobClass != nil { return .jobClass }
    // Succeeded jobs are nearly all there are; any other state is rarer than a handler.
    if !filter.states.isEmpty, filter.handler == nil || !filter.states.contains(.succeeded) { return .state }
    return filter.handler != nil ? .handler : .number
  }

  private func arm(state: JobState?) -> SQL {
    let id: SQL = driver == .label ? "label.job" : "job.id"
    var conditions: [SQL] = []
    if let state {
      conditions.append("job.state = \(state.rawValue)")
      if isOfHandler(state) { conditions.append("\(sql: Schema.wentWrong)") }
    } else if !filter.states.isEmpty {
      conditions.append("+job.state IN \(filter.states.map(\.rawValue))")
    }
    if let workflow = filter.workflow { conditions.append("job.workflow = \(workflow)") }
    if let handler = filter.handler { conditions.append("job.handler = \(handler)") }
    if let jobClass = filter.jobClass { conditions.append("job.class = \(jobClass)") }
    if let group = filter.group { conditions.append("job.job_group = \(group)") }
    if let isHeld = filter.isHeld { conditions.append("job.held = \(isHeld)") }
    // Always there, so that a list without a filter is a search by number too.
    conditions.append("\(id) < \(filter.before?.rawValue ?? .max)")
    conditions += timeConditions(id) + labelConditions
    return """
      SELECT \(id), \(sql: JobRow.columns) FROM \(source(of: state))
      WHERE \(conditions.joined(operator: .and))
      """
  }

  /// Whether an index tells the jobs of the handler in this state.
  private func isOfHandler(_ state: JobState) -> Bool { filter.handler != nil && state.isWrong }

  private func source(of state: JobState?) -> SQL {
    switch driver {
    case .workflow: "job INDEXED BY job_workflow"
    case .label: "label INDEXED BY label_value CROSS JOIN job ON job.id = label.job"
    case .group: "job INDEXED BY job_group"
    case .jobClass: "job INDEXED BY job_class"
    case .state where state.map(isOfHandler) == true: "job INDEXED BY job_handler_state"
    case .state: "job INDEXED BY job_state"
    case .handler: "job INDEXED BY job_handler"
    case .number: "job NOT INDEXED"
    }
  }

  /// A time bounds the numbers too (nearly: a wall clock may have been set back), which keeps the order.
  private func timeConditions(_ id: SQL) -> [SQL] {
    var conditions: [SQL] = []
    if let since = filter.since?.rawValue {
      conditions.append(
        """
        job.submitted >= \(since) AND \(id) >=
        (SELECT min(id) FROM job INDEXED BY job_submitted WHERE submitted >= \(since))
        """)
    }
    if let until = filter.until?.rawValue {
      conditions.append(
        """
        job.submitted < \(until) AND \(id) <=
        (SELECT max(id) FROM job INDEXED BY job_submitted WHERE submitted < \(until))
        """)
    }
    return conditions
  }

  private var labelConditions: [SQL] {
    filter.labels.sorted { $0.key < $1.key }.enumerated().map { index, pair in
      index == 0 && driver == .label
        ? "label.key = \(pair.key) AND label.value = \(pair.value)"
        : LabelCondition.sql(job: "job.id", key: pair.key, value: pair.value)
    }
  }
}

extension JobState {
  /// Whether it is what `Schema.wentWrong` says.
  var isWrong: Bool { self == .failed || self == .cancelled }
}

/// The condition that a job has a label.
enum LabelCondition {
  static func sql(job: SQL, key: String, value: String) -> SQL {
    "EXISTS (SELECT 1 FROM label WHERE job = \(job) AND key = \(key) AND value = \(value))"
  }
}

extension Array where Element: Hashable {
  /// The elements in order, each once.
  var uniqued: [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}
