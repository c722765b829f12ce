import PluginRecording
import Testing

@Suite("Plugins in Swift, in processes of their own")
struct SwiftPluginTests {
  /// Waits in three ways for the cancellation of its task.
  private static let patient = """
    import FoundationEssentials
    import MillracePlugin

    struct Patient: Handler {
      enum Way: String, Decodable, CaseIterable { case sleep, spin, group }
      struct Parameters: Decodable { var way: Way }

      static let name = "patient"
      static let summary = "Waits until it is stopped"

      func run(_ parameters: Parameters, in context: Context) async throws -> String {
        context.progress(0, "begun")
        switch parameters.way {
        case .sleep: try await Task.sleep(for: .seconds(3600))
        case .spin: while !Task.isCancelled {}
        case .group:
          try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 { group.addTask { try await Task.sleep(for: .seconds(3600)) } }
            try await group.waitForAll()
          }
        }
        return context.isCancelled ? "stopped" : "cancelled for no reason"
      }
    }

    @c(millrace_plugin_describe)
    public func describe() -> UnsafeRawPointer { PluginExport.describe(Patient.self, version: "1.0.0") }
    """

  private func stop(_ way: String, in plugin: SwiftPlugin) throws -> PluginRun {
    var atBegin = Surroundings(stopsAt: { event in
      if case .progress(_, "begun") = event { true } else { false }
    })
    atBegin.library = plugin.library
    return try run("patient", of: "patient", #"{"way":"\#(way)"}"#, in: atBegin)
  }

  @Test("SIGTERM cancels the task of the handler, whether it waits, waits for its children or works")
  func stopped() throws {
    let plugin = try SwiftPlugin(Self.patient)
    for way in ["sleep", "group"] {
      let job = try stop(way, in: plugin)
      #expect(job.failureCode == "cancelled", "\(way): \(job)")
      #expect(job.failure?.message == "the job was asked to stop")
      #expect(job.status == 0)
    }
    // It may still have a result.
    let job = try stop("spin", in: plugin)
    #expect(job.text == "stopped", "\(job)")
    #expect(job.events.last == .returned(0))
  }
}
