-- settle does what became due: odd messages expire, claims end, delayed messages become ready. True when
-- there is more than one call should do; the worker then calls again. Each message is settled once, so
-- the work is bounded by what was posted and claimed. Needs queue.
local function settle(lanes)
    if not lanes.next_ms or now < lanes.next_ms then
        return false
    end
    -- @include due
    return settle_due(lanes)
end
