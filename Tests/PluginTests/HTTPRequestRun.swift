/// Runs `http.request` for an address, with more members of its parameters, each behind a comma.
func request(
  _ url: String, _ more: String = "", in surroundings: Surroundings = .init()
) throws -> PluginRun {
  try run("http.request", of: "http", #"{"url":"\#(url)"\#(more)}"#, in: surroundings)
}

/// Runs `http.request` for the root of a server.
func request(
  _ server: LoopbackServer, _ more: String = "", in surroundings: Surroundings = .init()
) throws -> PluginRun {
  try withExtendedLifetime(server) { try request(server.url, more, in: surroundings) }
}
