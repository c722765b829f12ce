-- What wrk asks of a runner, and how it tells what came of it: one line of names and numbers.
-- wrk … -- MILLISECONDS: each connection rests that long before each request.

local addresses = {
  "/v1/status", "/v1/jobs?limit=20", "/v1/history?limit=20", "/v1/jobs/1", "/v1/jobs?state=queued&limit=20",
  "/v1/history?state=failed&limit=20", "/v1/handlers", "/v1/jobs/1/why",
}
local rest, turn = 0, 0

function init(arguments)
  rest = tonumber(arguments[1])
end

function delay()
  return rest
end

function request()
  turn = turn % #addresses + 1
  return wrk.format(nil, addresses[turn])
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    "wrk requests=%d microseconds=%d failed=%d refused=%d median=%d p99=%d longest=%d",
    summary.requests, summary.duration, errors.connect + errors.read + errors.write + errors.timeout,
    errors.status, latency:percentile(50), latency:percentile(99), latency.max))
end
