-- The numbers of messages (base.lua).

-- next_number gives the number after last, for a message posted now into a lane (0: odd). A clock before
-- EPOCH_MS is below every count.
local function next_number(last, lane)
    local by_clock = (now - EPOCH_MS) * PER_MS
    local by_count = last - last % 8 + 8
    return (by_clock > by_count and by_clock or by_count) + lane
end
