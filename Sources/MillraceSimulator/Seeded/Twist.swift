/// Kinds of things that a seed may switch on; half of them are off in each, so that every mixture comes up
/// (swarm testing: Groce et al., "Swarm testing", ISSTA 2012).
package enum Twist: String, CaseIterable, Sendable {
  // What jobs do.
  case failures, crashes, unknownEnds, timeouts, deafness, overuse, thrashing, delays, classes, priorities
  // What the machine does.
  case refusedStarts, lostHosts, samples, spells, clockSteps
  // What the runner and its operator do.
  case restarts, lossAtRestart, drains, comingAndGoing, cancels, reprioritisations, batches
  // What the policy says.
  case concurrency, groups, rates, stagger, fairShare, slowdown, noBackfill, inOrder, wholeProcessors
  case noLearning, tightPromises, slowStarts
  // What jobs do, too; at the end, so that older seeds keep their twists.
  case snoozes, dependencies, causes, growth, expiries, breakers
  // What operators do to jobs and to the runner.
  case serialGroups, holds, pauses, newPolicies
  // That there is a cluster, and what happens to it.
  case cluster, nodeLosses, nodeFaults, silences, interruptions
}
