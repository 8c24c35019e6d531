-- trim removes what has expired from a lane, a bounded amount: whole nodes first. True when there is more.
-- Needs queue.
local function trim(lane)
    local key, from = lane_key(lane.n), digits(lane.live_from)
    if call('XTRIM', key, 'MINID', '~', from, 'LIMIT', 10000) > 0 then
        return true
    end
    call('XTRIM', key, 'MINID', from)
    return false
end
