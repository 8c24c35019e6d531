-- Deletes messages by id: any number of operations of one queue, each all or none, in the order given.
-- ARGV: now, epoch, operations; for each of those: rule, claims, ids; the claims; pairs (epoch, seq).
-- Rules as in common/op.h: 0 any, 1 free, 2 under one claim, 3 each under one of the claims.
-- Returns for each operation "OK", "CLAIMED", "NOT_CLAIMED" or "CLAIM_GONE"; all but the first: nothing
-- was deleted.

-- @include queue
-- @include touched
-- @include claims
-- @include records
-- @include ids
-- @include remove

local epoch = tonumber(ARGV[2])
local lanes = read_queue()

-- live tells whether a claim exists and has not ended.
local function live(claim)
    local value = call('HGET', Q .. 'k', claim)
    return value and unpack_claim(value).end_ms > now
end

-- verdict says whether the rule keeps a message that is under claim (nil: free), and why.
local function verdict(rule, claims, claim)
    if rule == '1' then
        return claim and 'CLAIMED'
    elseif rule == '0' then
        return false
    elseif claim and claims[claim] then
        return false
    elseif rule == '2' and not live(claims.first) then
        return 'CLAIM_GONE'
    end
    return claim and 'CLAIMED' or 'NOT_CLAIMED'
end

-- in_lane tells whether a message can only be where it was posted: then it is deleted without being read.
local function in_lane(seq, touched)
    local lane = lanes[seq % 8]
    return lane and lane.ttl_ms and seq >= lane.live_from and not (touched and unpack_touched(touched))
end

-- delete carries out the operation whose ids are ARGV[first] to ARGV[last].
local function delete(rule, claims, first, last)
    local found = {}
    for i = first, last, 2 do
        local seq = local_seq(epoch, tonumber(ARGV[i]), ARGV[i + 1])
        if seq and not found[seq] then
            local touched = call('HGET', Q .. 'h', digits(seq))
            local _, claim = holder(lanes, digits(seq), touched)
            local refused = verdict(rule, claims, claim)
            if refused or not in_lane(seq, touched) then
                -- is it there at all? What is not is no error, whatever the claim
                local record, odd = find(lanes, seq, touched)
                if record and not goes_by_another(record, epoch, tonumber(ARGV[i])) then
                    if refused then
                        return refused
                    end
                    found[seq] = {odd = odd, touched = touched, record = record}
                end
            else
                found[seq] = {odd = false, touched = touched}
            end
        end
    end
    for seq, m in pairs(found) do
        remove(seq, m.odd, m.touched, m.record)
    end
    return 'OK'
end

local replies, at = {}, 4
for i = 1, tonumber(ARGV[3]) do
    local rule, ids = ARGV[at], at + 3 + tonumber(ARGV[at + 1])
    local claims = {first = ARGV[at + 3]}
    for j = at + 3, ids - 1 do
        claims[ARGV[j]] = true
    end
    at = ids + 2 * tonumber(ARGV[at + 2])
    replies[i] = delete(rule, claims, ids, at - 1)
end
return replies
