-- Sends a message, receives one, deletes it.
dofile(os.getenv("NUSKU_BENCH_LOADS") .. "/sqs/common.lua")

function prepare_sqs()
    post = wrk.format("POST", queue, nil, message)
    claim = wrk.format("POST", queue, nil, receive)
    posted, claimed = 0, {}
end

function request()
    local handle = table.remove(claimed)
    if handle then
        cycles = cycles + 1
        return wrk.format("POST", queue, nil, "Action=DeleteMessage&ReceiptHandle=" .. escaped(handle))
    end
    if posted > 0 then
        posted = posted - 1
        return claim
    end
    return post
end

function response(status, headers, body)
    if body:find("<SendMessageResult>", 1, true) then
        posted = posted + 1
    elseif body:find("<ReceiveMessageResult", 1, true) then
        local handle = body:match("<ReceiptHandle>([^<]*)<")
        if handle then
            claimed[#claimed + 1] = handle
        else
            posted = posted + 1
        end
    end
end
