import MillraceCore
import MillraceEngine
import MillraceHTTP
import MillraceWire
import TestSupport
import Testing

@Suite("Secrets in parameters")
struct SecretTests {
  private static let rule = JSONValue.object(["password": .object(["writeOnly": .bool(true)])])
  private static let handler = Handler(
    name: "login", summary: "", parameterSchema: .object(["properties": rule]))

  private static func service() -> FakeJobService {
    let service = FakeJobService()
    service.change { contents in
      contents.catalog = Catalog(plugins: [Sample.plugin("p", handlers: [handler])], refused: [])
      var submission = Sample.plain(handler: "login")
      submission.parameters = .object(["password": .string("hunter2"), "user": .string("ada")])
      submission.secrets = ["password"]
      let job = Job(id: JobID(1), submission: submission, submitted: Sample.time(0), state: .failed)
      contents.jobs[job.id] = job
    }
    return service
  }

  @Test("nobody is shown a secret by what shows jobs")
  func jobs() async throws {
    try await TestServer.with(Self.service()) { server in
      for path in ["/jobs/1", "/jobs", "/dead", "/jobs/1/wait?timeout=0"] {
        let reply = try await server.request("GET", "/v1\(path)")
        #expect(reply.text.contains(#""password":"<secret>""#) && reply.text.contains("ada"), "\(path)")
        #expect(!reply.text.contains("hunter2"), "\(path)")
      }
      let cancelled = try await server.request("POST", "/v1/jobs/1/retry")
      #expect(!cancelled.text.contains("hunter2"))
    }
  }

  @Test("an admin is shown them when they ask for them, and that is in the audit")
  func admin() async throws {
    let store = MemoryJobStore()
    try await TestServer.with(Self.service(), audit: store) { server in
      let reply = try await server.request("GET", "/v1/jobs/1/parameters")
      #expect(reply.text == #"{"password":"hunter2","user":"ada"}"#)
      let page = try await server.request("GET", "/v1/audit").decoded(AuditPage.self)
      #expect(page.entries.map(\.action) == ["GET /v1/jobs/1/parameters"])
      #expect(try await server.request("GET", "/v1/jobs/2/parameters").status == 404)
    }
  }

  @Test("those who may not change schedules see them without secrets")
  func schedules() async throws {
    let body = #"{"name":"s","every":"1h","job":{"handler":"login","parameters":{"password":"hunter2"}}}"#
    let schedules = FakeScheduleService()
    for (admins, isShown) in [(PeerCredentials.ownUsers, true), ([], false)] as [(Set<UInt32>, Bool)] {
      try await TestServer.with(
        Self.service(), schedules: schedules,
        configure: {
          $0.access.admins = admins
          $0.access.group = UserNames.ownGroup
        },
        { server in
          if isShown { _ = try await server.request("POST", "/v1/schedules", body: body) }
          for path in ["/schedules", "/schedules/s"] {
            let reply = try await server.request("GET", "/v1\(path)")
            #expect(reply.status == 200 && reply.text.contains("hunter2") == isShown, "\(path)")
            #expect(reply.text.contains("<secret>") != isShown, "\(path)")
          }
        })
    }
  }
}
