-- rights: raises an error if the caller may not run a command that the script may need.
-- Redis does not undo a script that it refuses half-way. COMMANDS is generated: every command in the text of the
-- script. Redis 6.2 does not tell in advance: there a command is refused when its turn comes.

local function check_rights()
  if not redis.acl_check_cmd then return end
  for _, command in ipairs(COMMANDS) do
    local key = command == 'PUBLISH' and key_events() or key_jobs()
    if not redis.acl_check_cmd(command, key) then
      error('the user of Redis has no permission to run ' .. command .. ' on ' .. key, 0)
    end
  end
end
