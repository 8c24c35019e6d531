-- The ids that clients know, (epoch, seq), and the numbers that messages have here. Needs records.

-- local_seq turns a client's id (epoch, seq) into this queue's number; nil if it isn't of here.
local function local_seq(epoch, id_epoch, id_seq)
    if id_epoch == epoch then
        return tonumber(id_seq)
    end
    local alias = call('HGET', Q .. 'a', digits(id_epoch) .. '.' .. id_seq)
    return alias and tonumber(alias) or nil
end

-- goes_by_another: a dead letter goes by the id it came with, not by its place here.
local function goes_by_another(record, epoch, id_epoch)
    return record[6] and id_epoch == epoch
end

-- find_by_id finds a living message by the id that clients know: its number, record, whether it is odd,
-- and what h says of it (false: nothing).
local function find_by_id(lanes, epoch, id_epoch, id_seq)
    local seq = local_seq(epoch, id_epoch, id_seq)
    if not seq then
        return nil
    end
    local touched = call('HGET', Q .. 'h', digits(seq))
    local record, odd = find(lanes, seq, touched)
    if not record or goes_by_another(record, epoch, id_epoch) then
        return nil
    end
    return seq, record, odd, touched
end
