-- Renews a claim. ARGV: now, epoch, claim, ttl_s, grace_s. Returns 1, or 0: no such claim.

-- @include queue
-- @include touched
-- @include claims
-- @include records
-- @include odd

local id, ttl_s, grace_s = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local end_ms = now + ttl_s * 1000
local value = call('HGET', Q .. 'k', id)
local claim = value and unpack_claim(value)

if not claim or claim.end_ms <= now then
    return 0
end
local lanes = read_queue()
for _, seq in ipairs(claim.seqs) do
    local record, odd = find(lanes, seq)
    local member = digits(seq)
    if record then
        call('ZADD', Q .. 'c', digits(end_ms), member)
        if record[1] < end_ms then
            record[1] = end_ms + grace_s * 1000
            if odd then
                call('HSET', Q .. 'x', member, cmsgpack.pack(record))
                call('ZADD', Q .. 'e', digits(record[1]), member)
            else
                local _, count = unpack_touched(call('HGET', Q .. 'h', member))
                call('XDEL', lane_key(seq % 8), member)
                add_odd(Q, seq, record, 'y')
                call('HSET', Q .. 'h', member, pack_touched(true, count, id))
            end
        end
    end
end
call('HSET', Q .. 'k', id, pack_claim(now, ttl_s, end_ms, claim.seqs))
expect(Q, end_ms)
return 1
