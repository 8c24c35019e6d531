-- Reads a claim. ARGV: now, epoch, claim. Returns created_ms, ttl_s, then the messages; or nothing.

-- @include queue
-- @include touched
-- @include claims
-- @include records

local value = call('HGET', Q .. 'k', ARGV[3])
if not value then
    return {}
end
local claim, lanes = unpack_claim(value), read_queue()
if claim.end_ms <= now then
    return {}
end
local reply = {claim.created, claim.ttl_s}
for _, seq in ipairs(claim.seqs) do
    local record = find(lanes, seq)
    local touched = call('HGET', Q .. 'h', digits(seq))
    if record and touched then
        local _, count = unpack_touched(touched)
        emit(reply, tonumber(ARGV[2]), seq, record, count, ARGV[3])
    end
end
return reply
