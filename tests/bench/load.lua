-- For wrk: sends one JSON-RPC message again and again, with each key in turn, and ends with a line
-- of JSON.
wrk.method = os.getenv("BENCH_METHOD")
wrk.body = os.getenv("BENCH_BODY")
wrk.headers["Accept"] = "application/json, text/event-stream"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["MCP-Protocol-Version"] = "2025-06-18"

wrong = 0
begun = -1  -- wrk asks for one request that it does not send, to look at it
local threads = {}

local requests, turn = {}, 0

function init()
  for key in os.getenv("BENCH_KEYS"):gmatch("%S+") do
    wrk.headers["Authorization"] = "Bearer " .. key
    table.insert(requests, wrk.format())
  end
end

function request()
  begun = begun + 1
  turn = turn % #requests + 1
  return requests[turn]
end

function setup(thread)
  table.insert(threads, thread)
end

-- Looking at every answer takes time of its own: the warm-up does, the rounds count statuses.
if os.getenv("BENCH_LOOK") then
  function response(status, headers, body)
    if body:find('"isError":true', 1, true) or body:find('"error":{', 1, true) then
      wrong = wrong + 1
    end
  end
end

function done(summary, latency)
  local faults = summary.errors
  local failed = faults.connect + faults.read + faults.write + faults.status + faults.timeout
  local sent = 0
  for _, thread in ipairs(threads) do
    failed = failed + thread:get("wrong")
    sent = sent + thread:get("begun")
  end
  io.write(string.format(
    '\n{"calls": %d, "begun": %d, "seconds": %.6f, "p50": %.4f, "p99": %.4f, "failed": %d}\n',
    summary.requests, sent, summary.duration / 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, failed))
end
