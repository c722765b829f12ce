extension CloudEvent {
  /// Makes the event that a job has ended.
  ///
  /// - Parameter job: a job that has ended.
  package init(endOf job: Job) {
    let asked = job.submission
    let type: BuiltIn =
      switch job.state {
      case .succeeded: .jobSucceeded
      case .cancelled: .jobCancelled
      case .failed: .jobFailed
      case .blocked, .scheduled, .queued, .starting, .running:
        preconditionFailure("job \(job.id) has not ended")
      }
    var data: [String: JSONValue] = [
      "job": .integer(job.id.rawValue), "handler": .string(asked.handler),
      "state": .string(job.state.rawValue), "attempts": .integer(Int64(job.attempts)),
      "priority": .integer(Int64(asked.priority.rawValue)),
      "labels": .object(asked.labels.mapValues { .string($0) }),
    ]
    data["class"] = asked.jobClass.map { .string($0) }
    data["group"] = asked.group.map { .string($0) }
    data["workflow"] = job.workflow.map { .integer($0) }
    data["reason"] = job.reason.map {
      .object(["code": .string($0.code), "message": .string($0.message)])
    }
    // One that is revived ends again, at another time.
    self.init(
      id: "\(job.id)/\(job.ended?.rawValue ?? 0)", source: Self.runner, type: type.rawValue,
      data: .object(data))
    subject = "\(job.id)"
  }
}
