import Hummingbird
import MillraceCore

/// Who asks, as what, and from where.
struct Principal: Sendable, Equatable {
  /// A user's name, or `token:` and the name of a token.
  var name: String
  var role: Role
  /// `pid 42`, or an address.
  var origin: String
}

extension APIContext {
  /// Whose a job is that this request submits.
  var owner: String? { principal?.name }
}

/// What it takes to use an address of the API.
enum Need: Sendable, Equatable {
  /// Nothing: it has a proof of its own, as the signature of a webhook.
  case nothing
  case role(Role)
  /// To have submitted the job or the workflow that the address names, or to be an operator.
  case ownership(Subject)

  enum Subject: Sendable { case job, workflow }

  /// The least role that can have it.
  var least: Role? {
    switch self {
    case .nothing: nil
    case .role(let role): role
    case .ownership: .submitter
    }
  }
}
