import ArgumentParser
import MillraceClient
import MillraceWire

/// `millrace recommend`: limits that fit what was measured.
struct RecommendCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recommend",
    abstract: "Say which limits would fit what a handler's jobs have shown, with the evidence.",
    discussion: """
      examples:
        millrace recommend
        millrace recommend thumbnail
        millrace recommend thumbnail --apply

      --apply writes them into the file of settings beside the plugin (libthumbnail.so: libthumbnail.yaml); \
      other settings in it stay. They are in force for the jobs that are submitted from then on.
      """)

  @Argument(help: "Only this one.")
  var handler: String?

  @Flag(help: "Put it into force.")
  var apply = false

  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func validate() throws {
    guard !apply || handler != nil else { throw ValidationError("--apply is for one handler: name it") }
  }

  func run() throws {
    let client = runner.client
    let views: [RecommendationView]
    if let handler {
      views = [try apply ? client.applyRecommendation(for: handler) : client.recommendation(for: handler)]
    } else {
      let names = try client.handlers().plugins.flatMap(\.handlers).map(\.name).sorted()
      views = try names.map { try client.recommendation(for: $0) }
    }
    try format.print(rows: views.flatMap(\.changes), as: .changes, json: views) { paint in
      views.map { Self.text(of: $0, paint: paint) }.joined()
    }
  }

  /// Returns a line for each limit that should change, or why there is none.
  static func text(of view: RecommendationView, paint: Paint) -> String {
    let name = paint(view.handler, .title)
    if let file = view.appliedTo {
      return view.changes.map { "\(name)  \($0.text)\n" }.joined() + "\(name)  written to \(file.printable)\n"
    }
    guard view.changes.isEmpty else { return view.changes.map { "\(name)  \($0.text)\n" }.joined() }
    let runs = Figures.count(Int64(view.attempts), "run", "runs")
    return view.attempts < view.leastAttempts
      ? "\(name)  too little is known: \(runs), \(view.leastAttempts) are needed\n"
      : "\(name)  its limits fit (\(runs))\n"
  }
}

/// One limit that should change.
struct LimitChange: Encodable {
  var handler: String
  var limit: String
  /// In the unit of the API: bytes, thousandths of a processor, seconds.
  var present: Double
  var recommended: Double
  var evidence: String
  private let words: (present: String, recommended: String)

  private enum CodingKeys: String, CodingKey { case handler, limit, present, recommended, evidence }

  init(
    _ handler: String, _ limit: String, _ present: Double, _ recommended: Double, _ evidence: String,
    in words: (Double) -> String
  ) {
    self.handler = handler
    self.limit = limit
    self.present = present
    self.recommended = recommended
    self.evidence = evidence
    self.words = (words(present), words(recommended))
  }

  /// `memory limit 2 GiB → 80 MiB (p95 peak 61 MiB, most 64 MiB over 184 runs)`.
  var text: String { "\(limit) \(words.present) → \(words.recommended) (\(evidence))" }
}

extension RecommendationView {
  /// The limits that should change.
  var changes: [LimitChange] {
    [
      memoryBytes.map {
        LimitChange(handler, "memory limit", Double($0.present), Double($0.recommended), $0.evidence) {
          Figures.bytes(Int64($0))
        }
      },
      cpuMillis.map {
        LimitChange(handler, "cpu limit", Double($0.present), Double($0.recommended), $0.evidence) {
          Figures.processors(Int64($0))
        }
      },
      timeoutSeconds.map {
        LimitChange(handler, "timeout", $0.present, $0.recommended, $0.evidence) { Figures.span($0) }
      },
    ].compactMap { $0 }
  }
}

extension Table where Row == LimitChange {
  /// The limits that should change, a line each.
  static var changes: Table {
    Table(
      [
        Column("HANDLER", "handler") { $0.handler },
        Column("LIMIT", "limit") { $0.limit },
        Column("PRESENT", "present", .right) { "\($0.present)" },
        Column("RECOMMENDED", "recommended", .right) { "\($0.recommended)" },
        Column("EVIDENCE", "evidence") { $0.evidence },
      ], id: { $0.handler })
  }
}
