-- Lists the first ten messages that nobody has claimed.
dofile(os.getenv("NUSKU_BENCH_LOADS") .. "/common.lua")

function prepare()
    prepared = wrk.format("GET", queue .. "/messages?limit=10&echo=true")
end

function request()
    return prepared
end
