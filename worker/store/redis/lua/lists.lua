-- Lists of arguments.

local function append(list, a, b)
    list[#list + 1] = a
    list[#list + 1] = b
end

-- with calls a command with a list of arguments, if there are any.
local function with(command, key, arguments)
    if #arguments > 0 then
        call(command, key, unpack(arguments))
    end
end
