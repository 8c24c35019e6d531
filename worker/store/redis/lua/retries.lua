-- Operations that may come again.
--
-- What an operation answered is remembered for ten to twenty seconds: longer than any deadline, see
-- wire.md. It is looked for when the operation comes again (ARGV says so), and for a while after some
-- operation has: then the first one, delayed on its way, may come last.

local function may_come_twice(again, bucket, z)
    return again or (z and bucket - tonumber(z) <= 2)
end

local function recall(bucket, key)
    return call('HGET', Q .. 'o' .. bucket, key) or call('HGET', Q .. 'o' .. (bucket - 1), key)
           or nil
end

-- keep_bucket follows a write to the bucket; newest is m's o.
local function keep_bucket(bucket, newest, again)
    if newest ~= tostring(bucket) then
        call('PEXPIRE', Q .. 'o' .. bucket, 30000)
        call('UNLINK', Q .. 'o' .. (bucket - 3))
        call('HSET', Q .. 'm', 'o', bucket)
    end
    if again then
        call('HSET', Q .. 'm', 'z', bucket)
    end
end
