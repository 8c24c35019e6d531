-- Releases a claim: its messages are free again at once. ARGV: now, epoch, claim. Returns 1.

-- @include queue
-- @include touched
-- @include claims
-- @include set_free

local value = call('HGET', Q .. 'k', ARGV[3])
if value then
    local lanes = read_queue()
    for _, seq in ipairs(unpack_claim(value).seqs) do
        local touched = call('HGET', Q .. 'h', digits(seq))
        if touched then
            local odd, count = unpack_touched(touched)
            set_free(lanes, seq, odd, count)
        end
    end
    call('HDEL', Q .. 'k', ARGV[3])
end
return 1
