import ArgumentParser
import MillraceCore

/// `millrace token`: what lets callers in over TCP.
struct TokenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Make tokens for callers over TCP.",
    discussion: """
      examples:
        millrace token new ci --role submitter
      """, subcommands: [TokenNewCommand.self])
}

/// `millrace token new`: a token, and the line that lets it in.
struct TokenNewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new", abstract: "Make a token and the line that lets its bearer in.",
    discussion: """
      examples:
        millrace token new ci --role submitter
        millrace token new grafana --role viewer 2>token >>/etc/millrace/tokens

      The line goes to standard output, for the file that the runner's setting `access.tokens` names; the \
      token goes to standard error. It is on no disk and can't be shown again. To take a token back, delete \
      its line: it is read anew for each request.

      roles: viewer sees jobs and the runner; submitter also submits, and changes its own jobs; operator \
      changes everything but the record; admin prunes and copies that, and sees the audit.
      """)

  @Argument(help: "A name for it: 1 to 64 of `a-z 0-9 - _ .`, a letter first.")
  var name: String

  @Option(help: "What its bearer may do: viewer, submitter, operator or admin.", transform: Self.role)
  var role: Role

  func run() throws {
    guard Handler.isValidName(name) else {
      throw ValidationError("`\(name)` is no name for a token: 1 to 64 of `a-z 0-9 - _ .`, a letter first")
    }
    let token = Token(name: name, role: role)
    StandardError.write(token.secret + "\n")
    try StandardOutput.write(token.line + "\n")
  }

  private static func role(_ text: String) throws -> Role {
    guard let role = Role(rawValue: text) else {
      throw ValidationError("`\(text)` is no role: viewer, submitter, operator or admin")
    }
    return role
  }
}
