-- What the loads share: headers, a message, and a line of JSON with what was measured.
--
--   wrk -t1 -cN -dN -s LOAD.lua http://ADDRESS:PORT -- QUEUE
--
-- A load has prepare(args) and request(). With response(), too, wrk calls Lua for each answer, and is
-- slower for it.

function setup(thread)
    worker = thread
end

function init(args)
    queue = args[1]
    cycles = 0
    wrk.headers["Client-ID"] = "3381af92-2b9e-11e3-b191-71861300734c"
    wrk.headers["X-Project-ID"] = "bench"
    wrk.headers["Content-Type"] = "application/json"
    prepare(args)
end

-- With its list about it, a request of about 110 bytes.
message = '{"ttl": 300, "body": {"event": "ActivateAccount", "id": "4a6ae2e7-9bcd-4bff-9d26-6ea3b3b8cd44"}}'

function done(summary, latency)
    local e = summary.errors
    io.write(string.format(
        '\nRESULT {"seconds": %.6f, "requests": %d, "cycles": %d, "p50_ms": %.3f, "p99_ms": %.3f, '
        .. '"refused": %d, "timeouts": %d, "unsent": %d}\n',
        summary.duration / 1e6, summary.requests, worker:get("cycles"), latency:percentile(50) / 1000,
        latency:percentile(99) / 1000, e.status, e.timeout, e.connect + e.write))
end
