import MillraceCore

/// A page over the tables: what `why` or `show` print of a job, or what the keys do.
struct TopPane: Equatable {
  enum Kind: Equatable {
    case why(JobID), job(JobID), help

    var title: String {
      switch self {
      case .why(let job): "why job \(job) waits, or started when it did"
      case .job(let job): "job \(job)"
      case .help: "keys"
      }
    }
  }

  let kind: Kind
  let lines: [String]
  /// How many lines are above the screen.
  var offset: Int

  /// Makes a page of a text of lines.
  init(_ kind: Kind, text: String, offset: Int = 0) {
    self.kind = kind
    self.offset = offset
    lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  /// What the keys do.
  static let help = TopPane(
    .help,
    text: """
      up, down, j, k     another row; PgUp, PgDn, Home, End
      s, r               the next column to sort what runs by; the reverse order
      /                  filter by words in number, handler, state, class, node or
                         label (key=value), of what runs and the first 500 of the queue;
                         Enter takes it, Escape takes it back
      x                  cancel the job, after a question
      h                  hold a job that waits, or release it
      w, Enter           what `millrace why` and `millrace show` tell of the job
      f                  freeze the picture, jobs go on; again lets it go on
      Space              look at once
      q, Ctrl-C          quit

      Attempts are frozen by the runner alone, when memory gets short: their state
      is `frozen`. The queue is in the order of rank, with the first closed gate.
      """)
}
