-- Sends random requests from a file with a line for each: method, path, body, token and client address, separated by tabs.
local started = 0

function setup(thread)
    started = started + 1
    thread:set("number", started)
end

function init(args)
    math.randomseed(number * 7919 + os.time())
    requests = {}
    for line in io.lines(args[1]) do
        local method, path, body, token, address =
            line:match("([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)")
        local headers = {}
        for name, value in pairs(wrk.headers) do headers[name] = value end
        if args[2] then headers["If-None-Match"] = args[2] end
        if body ~= "" then headers["Content-Type"] = "application/json" end
        if token ~= "" then headers["Authorization"] = "Bearer " .. token end
        if address ~= "" then headers["X-Forwarded-For"] = address end
        requests[#requests + 1] = wrk.format(method, path, headers, body ~= "" and body or nil)
    end
    count = #requests
end

function request()
    return requests[math.random(count)]
end

function done(summary, latency, requests)
    local errors = summary.errors
    print(string.format("RESULT %d %d %d %d %.0f %.0f", summary.requests, summary.duration, summary.bytes,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout,
        latency:percentile(50), latency:percentile(99)))
end
