-- Releases a claim: its messages are free again at once. ARGV: now, epoch, claim. Returns 1.

-- @include queue
-- @include touched
-- @include claims
-- @include lists
-- @include set_free

local value = call('HGET', Q .. 'k', ARGV[3])
if value then
    local ids = {}
    for i, seq in ipairs(unpack_claim(value).seqs) do
        ids[i] = digits(seq)
    end
    set_free(read_queue(), ids)
    call('HDEL', Q .. 'k', ARGV[3])
end
return 1
