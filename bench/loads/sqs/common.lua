-- As ../common.lua, for the query protocol of SQS.
dofile(os.getenv("NUSKU_BENCH_LOADS") .. "/common.lua")

local start = init

function init(args)
    start(args)
    wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
    prepare_sqs(args)
end

function prepare() end

function escaped(text)
    return (text:gsub("[^%w]", function(c) return string.format("%%%02X", c:byte()) end))
end

message = "Action=SendMessage&MessageBody=" .. escaped(message)
receive = "Action=ReceiveMessage&MaxNumberOfMessages=1&VisibilityTimeout=300"
