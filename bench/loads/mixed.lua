-- Everything that clients do, mixed at random, on queues whose depth stays about the same.
--
--   wrk -tN -cN -dN -s mixed.lua http://ADDRESS:PORT -- QUEUES DEPTH HELD SLICE
--
-- QUEUES: where the queues' names begin; each thread has some of its own. DEPTH: how many messages a thread
-- keeps there, and HELD: how many it finds. SLICE makes the short-lived queues' names unique. An answer is
-- known by what it holds, as wrk doesn't say to which request it belongs.
dofile(os.getenv("NUSKU_BENCH_LOADS") .. "/common.lua")

local COUNTS = {"posts", "claims", "lists", "pops", "stats", "created", "empty", -- answers, by what they are
                "deletions", "releases", "removals",                             -- asked for
                "posted", "listed", "claimed", "popped", "strange"}              -- messages; other answers
local QUEUES_A_THREAD = 8
local threads = {}

function setup(thread)
    worker = thread
    threads[#threads + 1] = thread
    thread:set("id", #threads)
end

local function posting(n)
    return '{"messages": [' .. string.rep(message, n, ", ") .. ']}'
end

function prepare(args)
    aim, depth, short = tonumber(args[2]), tonumber(args[3]), args[4] .. "-" .. id
    math.randomseed(id * 7919 + tonumber(args[4]))
    for _, name in ipairs(COUNTS) do _G[name] = 0 end
    queues, hrefs, held, young, used, shorts = {}, {}, {}, {}, {}, 0
    for i = 1, QUEUES_A_THREAD do
        local path, q = queue .. "-" .. id .. "-" .. i, {}
        q.post_1 = wrk.format("POST", path .. "/messages", nil, posting(1))
        q.post_20 = wrk.format("POST", path .. "/messages", nil, posting(20))
        q.claim_1 = wrk.format("POST", path .. "/claims?limit=1", nil, '{"ttl": 60, "grace": 60}')
        q.claim_5 = wrk.format("POST", path .. "/claims?limit=5", nil, '{"ttl": 60, "grace": 60}')
        q.list = wrk.format("GET", path .. "/messages?limit=10&echo=true")
        q.pop = wrk.format("DELETE", path .. "/messages?pop=20")
        q.stats = wrk.format("GET", path .. "/stats")
        queues[i] = q
    end
end

-- follow_up goes on with what an answer began: messages under a claim are deleted, or given back with it; a
-- short-lived queue is used, and removed. nil: there is nothing to go on with.
local function follow_up()
    if #young > 0 then
        return wrk.format("POST", table.remove(young) .. "/messages", nil, posting(1))
    elseif #used > 0 then
        removals = removals + 1
        return wrk.format("DELETE", table.remove(used))
    elseif #held > 0 then
        releases = releases + 1
        return wrk.format("DELETE", table.remove(held))
    elseif #hrefs > 0 then
        deletions = deletions + 1
        depth = depth - 1
        return wrk.format("DELETE", table.remove(hrefs))
    end
end

local function begin()
    local q, dice = queues[math.random(QUEUES_A_THREAD)], math.random()
    if dice < 0.30 then
        return q.post_1
    elseif dice < 0.40 then
        return depth < aim and q.post_20 or q.pop
    elseif dice < 0.52 then
        return q.claim_5
    elseif dice < 0.64 then
        return q.claim_1
    elseif dice < 0.82 then
        return q.list
    elseif dice < 0.87 then
        return q.pop
    elseif dice < 0.99 then
        return q.stats
    end
    shorts = shorts + 1
    return wrk.format("PUT", queue .. "-short-" .. short .. "-" .. shorts, nil, "{}")
end

function request()
    return math.random() < 0.6 and follow_up() or begin()
end

local function count(body, pattern)
    local _, n = body:gsub(pattern, "")
    return n
end

local function on_posted(body)
    local name = body:match('"(/v2/queues/[^/"]*%-short%-[^/"]*)/')
    posts = posts + 1
    if name then
        used[#used + 1] = name
    else
        local n = count(body, "/messages/")
        posted, depth = posted + n, depth + n
    end
end

local function on_claimed(body, location)
    claims, claimed = claims + 1, claimed + count(body, '"ttl"')
    if math.random() < 0.2 then
        held[#held + 1] = location
    else
        for href in body:gmatch('"href": "([^"]*claim_id=[^"]*)"') do hrefs[#hrefs + 1] = href end
    end
end

local function on_popped(body)
    local n = count(body, '"ttl"')
    pops, popped, depth = pops + 1, popped + n, depth - n
end

function response(status, headers, body)
    if status == 201 and body == "" then
        created = created + 1
        young[#young + 1] = headers["location"]
    elseif status == 201 and body:find('"resources"', 1, true) then
        on_posted(body)
    elseif status == 201 then
        on_claimed(body, headers["location"])
    elseif status == 204 then
        empty = empty + 1
    elseif status == 200 and body:find('"total"', 1, true) then
        stats = stats + 1
    elseif status == 200 and body:find('"links"', 1, true) then
        lists, listed = lists + 1, listed + count(body, '"ttl"')
    elseif status == 200 then
        on_popped(body)
    else
        strange = strange + 1
    end
end

function done(summary, latency)
    local e, sums = summary.errors, {}
    for i, name in ipairs(COUNTS) do
        local sum = 0
        for _, thread in ipairs(threads) do sum = sum + thread:get(name) end
        sums[i] = string.format('"%s": %d', name, sum)
    end
    io.write(string.format(
        '\nRESULT {"seconds": %.6f, "requests": %d, "p99_ms": %.3f, "refused": %d, "timeouts": %d, '
        .. '"unsent": %d, %s}\n',
        summary.duration / 1e6, summary.requests, latency:percentile(99) / 1000, e.status, e.timeout,
        e.connect + e.read + e.write, table.concat(sums, ", ")))
end
