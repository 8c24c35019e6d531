-- A producer's and a consumer's day: posts a message, claims one, deletes it.
dofile(os.getenv("NUSKU_BENCH_LOADS") .. "/common.lua")

function prepare()
    post = wrk.format("POST", queue .. "/messages", nil, '{"messages": [' .. message .. ']}')
    claim = wrk.format("POST", queue .. "/claims?limit=1", nil, '{"ttl": 300, "grace": 60}')
    posted, claimed, empty = 0, {}, 0
end

function request()
    local href = table.remove(claimed)
    if href then
        cycles = cycles + 1
        return wrk.format("DELETE", href)
    end
    if posted > 0 then
        posted = posted - 1
        return claim
    end
    return post
end

function response(status, headers, body)
    if status == 201 and body:find('"resources"', 1, true) then
        posted = posted + 1
    elseif status == 201 then
        claimed[#claimed + 1] = body:match('"href": ?"([^"]*claim_id=[^"]*)"')
    elseif status == 204 then
        empty = empty + 1
        if empty > cycles then -- more than deletions were asked for: this claim found nothing
            empty = empty - 1
            posted = posted + 1
        end
    end
end
