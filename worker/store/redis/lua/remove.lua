-- Taking a message away. Needs touched, claims.

-- leave_claim takes a message out of the claim that holds it; an empty claim is gone.
local function leave_claim(id, seq)
    local value = call('HGET', Q .. 'k', id)
    if not value then
        return
    end
    local claim, rest = unpack_claim(value), {}
    for _, s in ipairs(claim.seqs) do
        if s ~= seq then
            rest[#rest + 1] = s
        end
    end
    if #rest == 0 then
        call('HDEL', Q .. 'k', id)
    else
        call('HSET', Q .. 'k', id, pack_claim(claim.created, claim.ttl_s, claim.end_ms, rest))
    end
end

-- forget_odd takes away an odd message's record (nil: not read yet) and its place: y under a claim, else r
-- or z.
local function forget_odd(id, record, claim)
    local packed = not record and call('HGET', Q .. 'x', id)
    record = record or packed and cmsgpack.unpack(packed)
    if not record then
        return
    end
    if record[6] then
        call('HDEL', Q .. 'a', digits(record[6]) .. '.' .. digits(record[7]))
    end
    call('HDEL', Q .. 'x', id)
    call('ZREM', Q .. 'e', id)
    if claim then
        call('ZREM', Q .. 'y', id)
    elseif call('ZREM', Q .. 'r', id) == 0 and call('ZREM', Q .. 'z', id) == 1 then
        call('ZREM', Q .. 'd', id)
    end
end

-- remove takes a living message away, wherever it is. touched is its value in h, or false; record its
-- record, where it is known. An emptied lane stays for the next message of its ttl, or until the sweeper
-- comes.
local function remove(seq, odd, touched, record)
    local id, claim = digits(seq), nil
    if touched then
        local _
        _, _, claim = unpack_touched(touched)
        call('HDEL', Q .. 'h', id)
    end
    if odd then
        forget_odd(id, record, claim)
    else
        call('XDEL', lane_key(seq % 8), id)
        if touched and not claim then
            call('ZREM', back_key(seq % 8), id)
        end
    end
    if claim then
        call('ZREM', Q .. 'c', id)
        leave_claim(claim, seq)
    end
end
