import MillraceCore
import MillraceWire

extension Table where Row == EventView {
  /// Events on record, a line each.
  static var events: Table {
    Table(
      [
        Column("EVENT", "number", .right) { "\($0.number)" },
        Column("RECEIVED", "received", raw: { $0.received }) { Figures.time($0.received) },
        Column("TYPE", "type") { $0.attribute("type") ?? "" },
        Column("SOURCE", "source") { $0.attribute("source") ?? "" },
        Column("SUBJECT", "subject") { $0.attribute("subject") ?? "" },
        Column("ID", "id", wide: true) { $0.attribute("id") ?? "" },
        Column("HOPS", "hops", .right, wide: true) { "\($0.hops)" },
        Column("OUTCOME", "outcome", tone: { $0.open ? .busy : .plain }) { $0.outcome },
      ], id: { "\($0.number)" })
  }
}

extension Table where Row == EventEffectView {
  /// What schedules made of an event, a line each.
  static var effects: Table {
    Table(
      [
        Column("SCHEDULE", "schedule") { $0.schedule },
        Column("FATE", "fate", raw: { $0.fate?.rawValue ?? "" }, tone: { $0.fate?.tone ?? .busy }) {
          $0.fate?.rawValue ?? "gathered"
        },
        Column("JOB", "job", .right) { Figures.raw($0.job) },
        Column("TIME", "nominal", raw: { $0.nominal ?? "" }) { Figures.time($0.nominal) },
      ], id: { Figures.raw($0.job) })
  }
}

extension Table where Row == EventAnswer {
  /// Events that were announced, a line each.
  static var eventAnswers: Table {
    Table(
      [
        Column("EVENT", "number", .right) { "\($0.number)" },
        Column("NEW", "new", raw: { "\($0.new)" }) { $0.new ? "yes" : "no" },
      ], id: { "\($0.number)" })
  }
}

extension Table where Row == EventStream.Tally {
  /// How many events were announced.
  static var eventTallies: Table {
    Table(
      [
        Column("EVENTS", "events", .right) { "\($0.events)" }, Column("NEW", "new", .right) { "\($0.new)" },
      ], id: { "\($0.events)" })
  }
}

extension EventView {
  /// An attribute that is a text.
  func attribute(_ name: String) -> String? { event.object?[name]?.string }

  /// What came of it, in a few words: `2 jobs`, `open`.
  var outcome: String {
    if open { return "open" }
    let jobs = schedules.count { $0.job != nil }
    let gathered = schedules.count { $0.nominal == nil }
    let words = [
      jobs > 0 ? Figures.count(Int64(jobs), "job", "jobs") : nil, gathered > 0 ? "\(gathered) gathered" : nil,
    ].compactMap(\.self)
    if !words.isEmpty { return words.joined(separator: ", ") }
    return schedules.isEmpty ? "nobody waited for it" : "no job"
  }
}
