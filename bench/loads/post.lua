-- Posts as many messages a request as the second argument says.
dofile(os.getenv("NUSKU_BENCH_LOADS") .. "/common.lua")

function prepare(args)
    local batch = {}
    for i = 1, tonumber(args[2]) do batch[i] = message end
    prepared = wrk.format("POST", queue .. "/messages", nil,
                          '{"messages": [' .. table.concat(batch, ", ") .. ']}')
end

function request()
    return prepared
end
