-- What the hash h knows of a message that was claimed.

local function pack_touched(odd, count, claim)
    return struct.pack('>BI4', odd and 1 or 0, count) .. (claim or '')
end

-- returns odd, count, claim (nil when it is free)
local function unpack_touched(value)
    local place, count = struct.unpack('>BI4', value)
    return place == 1, count, #value > 5 and string.sub(value, 6) or nil
end

-- holder gives the count and the live claim of a message, from its value in h (false: none). A claim
-- that has ended, but was not settled yet, holds nothing; while nothing is due, none has.
local function holder(lanes, id, touched)
    if not touched then
        return 0, nil
    end
    local _, count, claim = unpack_touched(touched)
    local quiet = lanes.next_ms and now < lanes.next_ms
    if claim and not quiet and tonumber(call('ZSCORE', Q .. 'c', id) or 0) <= now then
        claim = nil
    end
    return count, claim
end
