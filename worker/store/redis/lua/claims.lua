-- What the hash k knows of a claim.

local function pack_claim(created, ttl_s, end_ms, seqs)
    local parts = {struct.pack('>I8I4I8', created, ttl_s, end_ms)}
    for i = 1, #seqs do
        parts[i + 1] = struct.pack('>I8', seqs[i])
    end
    return table.concat(parts)
end

local function unpack_claim(value)
    local claim, seqs = {}, {}
    claim.created, claim.ttl_s, claim.end_ms = struct.unpack('>I8I4I8', value)
    for at = 21, #value, 8 do
        seqs[#seqs + 1] = struct.unpack('>I8', value, at)
    end
    claim.seqs = seqs
    return claim
end
