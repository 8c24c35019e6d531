-- Claims one message a request, and keeps it.
dofile(os.getenv("NUSKU_BENCH_LOADS") .. "/common.lua")

function prepare()
    prepared = wrk.format("POST", queue .. "/claims?limit=1", nil, '{"ttl": 300, "grace": 60}')
end

function request()
    return prepared
end
