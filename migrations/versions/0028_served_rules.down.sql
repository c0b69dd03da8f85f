DROP FUNCTION was_served(uuid, uuid);
