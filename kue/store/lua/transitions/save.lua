-- save: new jobs, each inactive or delayed, with ids in order.
-- KEYS  1 every job (P:jobs; all other names are made from the prefix, and lie in the same slot)
-- ARGV  1 prefix, 2... for each job: type, type as JSON, data, priority, max_attempts, created_at, promote_at where delayed
--       else '', how many arguments its other fields and their values take, and those
-- Returns  the id of the first; the others have those that follow
-- Events  enqueue for each that is not delayed
-- All jobs together: what refuses one refuses the call, and has to be asked for each alone.
-- Shared  create

return create(ARGV, 2)
