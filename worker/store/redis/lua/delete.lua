-- Deletes messages by id. ARGV: now, epoch, rule, claims; the claims; then pairs (epoch, seq).
-- Rules as in common/op.h: 0 any, 1 free, 2 under one claim, 3 each under one of the claims.
-- Returns "OK", "CLAIMED", "NOT_CLAIMED" or "CLAIM_GONE"; all but the first: nothing was deleted.

local epoch, rule, claims = tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local lanes = read_queue()
local named, found = {}, {}

for i = 5, 4 + claims do
    named[ARGV[i]] = true
end

-- live tells whether a claim exists and has not ended.
local function live(claim)
    local value = call('HGET', Q .. 'k', claim)
    return value and unpack_claim(value).end_ms > now
end

-- verdict says whether the rule keeps a message that is under claim (nil: free), and why.
local function verdict(claim)
    if rule == '1' then
        return claim and 'CLAIMED'
    elseif rule == '0' then
        return false
    elseif claim and named[claim] then
        return false
    elseif rule == '2' and not live(ARGV[5]) then
        return 'CLAIM_GONE'
    end
    return claim and 'CLAIMED' or 'NOT_CLAIMED'
end

-- A plain message that nobody has touched, the common case, is deleted without being read.
local function plain(seq)
    local lane = lanes[seq % 8]
    return lane and lane.ttl_ms and seq >= lane.live_from
end

for i = 5 + claims, #ARGV, 2 do
    local seq = local_seq(epoch, tonumber(ARGV[i]), ARGV[i + 1])
    if seq and not found[seq] then
        local touched = call('HGET', Q .. 'h', digits(seq))
        local _, claim = holder(digits(seq), touched)
        local refused = verdict(claim)
        if refused or touched or not plain(seq) then
            -- is it there at all? What is not is no error, whatever the claim
            local there, _, odd = find_by_id(lanes, epoch, tonumber(ARGV[i]), ARGV[i + 1])
            if there and refused then
                return refused
            end
            if there then
                found[seq] = {odd = odd, touched = touched}
            end
        else
            found[seq] = {odd = false, touched = false}
        end
    end
end
for seq, m in pairs(found) do
    remove(seq, m.odd, m.touched)
end
return 'OK'
