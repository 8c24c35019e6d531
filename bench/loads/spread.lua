-- One kind of request, on several queues in turn, so that all workers have a part in it.
--
--   wrk -t1 -cN -dN -s spread.lua http://ADDRESS:PORT -- QUEUE N KIND
--
-- The queues are QUEUE-1 to QUEUE-N. KIND: post, claim (which is kept) or list.
dofile(os.getenv("NUSKU_BENCH_LOADS") .. "/common.lua")

local KINDS = {
    post = {"POST", "/messages", '{"messages": [' .. message .. ']}'},
    claim = {"POST", "/claims?limit=1", '{"ttl": 300, "grace": 60}'},
    list = {"GET", "/messages?limit=10&echo=true"},
}

function prepare(args)
    local kind = KINDS[args[3]]
    prepared, at = {}, 0
    for i = 1, tonumber(args[2]) do
        prepared[i] = wrk.format(kind[1], queue .. "-" .. i .. kind[2], nil, kind[3])
    end
end

function request()
    at = at % #prepared + 1
    return prepared[at]
end
