import ArgumentParser
import MillraceCore
import MillraceWire

/// What holds for the attempts after the first one, and how long a job may take in all.
struct RetryOptions: ParsableArguments {
  @Option(help: "How many times as long as the one before each wait is: 2.", transform: Quantities.factor)
  var retryFactor: Double?

  @Option(help: "The longest wait between two attempts: 10m.", transform: Quantities.span)
  var retryMaxDelay: Duration?

  @Option(help: "The part of each wait that is drawn by lot: 20%.", transform: Quantities.part)
  var retryJitter: Double?

  @Option(
    help: "After which ends there is another attempt: error,crashed,timedOut,oomOwnLimit, or none.",
    transform: Quantities.words)
  var retryOn: [String]?

  @Option(
    help: "The most memory that a later attempt gets after one that passed its limit.",
    transform: Quantities.bytes)
  var memoryMax: Bytes?

  @Option(
    help: "How many times as long the attempt after one that timed out may run: 1.5.",
    transform: Quantities.factor)
  var timeoutFactor: Double?

  @Option(
    help: "The job fails if it is not started so long after its submission.", transform: Quantities.span)
  var startWithin: Duration?

  @Option(help: "The job fails if it has not ended so long after its submission.", transform: Quantities.span)
  var finishWithin: Duration?

  /// Returns `request` with these put where it says nothing.
  func fill(_ request: SubmitRequest) -> SubmitRequest {
    var request = request
    request.retryFactor = request.retryFactor ?? retryFactor
    request.retryMaxDelaySeconds = request.retryMaxDelaySeconds ?? retryMaxDelay?.seconds
    request.retryJitter = request.retryJitter ?? retryJitter
    request.retryOn = request.retryOn ?? retryOn
    request.memoryMaxBytes = request.memoryMaxBytes ?? memoryMax?.rawValue
    request.timeoutFactor = request.timeoutFactor ?? timeoutFactor
    request.startWithinSeconds = request.startWithinSeconds ?? startWithin?.seconds
    request.finishWithinSeconds = request.finishWithinSeconds ?? finishWithin?.seconds
    return request
  }
}
