-- Sends the requests of a file in turn (they are divided by NUL) and prints one line of figures.
local requests, at = {}, 0

function init(args)
  local file = assert(io.open(args[1], "rb"))
  for part in (file:read("*a") .. "\0"):gmatch("(%Z+)%z") do
    requests[#requests + 1] = part
  end
  file:close()
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency, _)
  local e = summary.errors
  io.write(string.format(
    'RESULT {"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "errors": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
