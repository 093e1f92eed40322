-- What the scripts of a thread share: they touch nothing that a newer version of the format has written.

-- @return an error to answer with, or nil
local function newerFormat(data)
  local format = redis.call('HGET', data, 'format')
  if format and format ~= '0' then return redis.error_reply('NEWERFORMAT a thread of the format ' .. format) end
  return nil
end
