import ArgumentParser
import MillraceClient
import MillraceCore

/// Which runner is meant.
struct RunnerOptions: ParsableArguments {
  @Option(help: "The runner's socket [MILLRACE_SOCKET].")
  var socket: String?

  /// The client for the runner's API.
  var client: Client {
    var client = Client(socket: socket ?? Places.environment("MILLRACE_SOCKET") ?? Places.current.socket)
    // What a job submits is in its trace. Another text could be anything, and would break the request apart.
    client.traceParent = Places.environment("TRACEPARENT").flatMap(TraceContext.init(text:))?.description
    return client
  }
}

/// Which runner is meant, and where its record is if it is not there.
struct RecordOptions: ParsableArguments {
  @OptionGroup var runner: RunnerOptions

  @Option(help: "The runner's state directory, read if the runner is down [MILLRACE_STATE].")
  var stateDir: String?

  /// Reads from the runner; from its record if nobody listens on the socket.
  func read<Value>(_ body: (any JobSource) async throws -> Value) async throws -> Value {
    let client = runner.client
    do {
      return try await body(client)
    } catch let error as ClientError {
      guard case .unreachable = error else { throw error }
      let directory = stateDir ?? Places.environment("MILLRACE_STATE") ?? Places.current.state
      guard Places.exists(Record.database(in: directory)) else { throw error }
      StandardError.note("the runner is not reachable; reading the record in `\(directory)`")
      return try await body(try Record(state: directory))
    }
  }
}
