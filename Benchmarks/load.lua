-- What wrk asks of a runner, and how it tells what came of it: one line of names and numbers.
-- wrk … -- MILLISECONDS ADDRESS…: each connection rests that long before each request.

local rest, addresses, turn = 0, {}, 0

function init(arguments)
  rest = tonumber(arguments[1])
  addresses = { select(2, unpack(arguments)) }
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
