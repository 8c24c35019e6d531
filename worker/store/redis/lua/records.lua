-- Messages as they are kept, found and answered. Needs queue, touched.

-- A record: {expires_ms, created_ms, client, checksum, body, epoch or false, seq or false}. lane_record makes
-- that of an entry of a lane.
local function lane_record(entry, lane, seq)
    local fields = entry[2]
    local created = created_ms(seq)
    return {created + lane.ttl_ms, created, fields[2], fields[6] or '', fields[4], false, false}
end

-- find gives a message that is alive: its record, and whether it is odd. touched is what h says of it, where
-- that is known: an odd one is then not looked for in its lane.
local function find(lanes, seq, touched)
    local lane, id = lanes[seq % 8], digits(seq)
    if lane and lane.ttl_ms and seq >= lane.live_from and
       not (touched and unpack_touched(touched)) then
        local entry = call('XRANGE', lane_key(lane.n), id, id)[1]
        if entry then
            return lane_record(entry, lane, seq), false
        end
    end
    local packed = call('HGET', Q .. 'x', id)
    if packed then
        local record = cmsgpack.unpack(packed)
        if record[1] > now then
            return record, true
        end
    end
    return nil
end

-- emit appends a message to a reply: a head of fixed size with the checksum behind it, and the body.
-- reply.c reads both heads; this one begins with a zero byte, the next one with a digit.
local function emit(reply, epoch, seq, record, count, claim)
    reply[#reply + 1] = struct.pack('>I8I8I8I8I8I4B', record[6] or epoch, record[7] or seq, seq,
                                    record[2], record[1], count, claim and 1 or 0)
                        .. (claim or '') .. record[4]
    reply[#reply + 1] = record[5]
end
