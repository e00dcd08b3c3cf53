-- How sessions begin.

-- Enters a session. False: there is or was one of this name.
CREATE OR REPLACE FUNCTION telltale.start(
    new_key text, of_image bytea, names text[], tickets bytea[],
    within bigint, within_text text, idle_for bigint, idle_for_text text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = telltale, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET jit = off SET plan_cache_mode = force_generic_plan SET lock_timeout = '3s'
AS $$
DECLARE
    over timestamptz := now() + within * interval '1 microsecond';
    idle_time interval := idle_for * interval '1 microsecond';
    topics bigint[];
BEGIN
    IF NOT telltale.may_play(of_image, -1::smallint) THEN
        PERFORM telltale.refuse('not_allowed', 'it may not start sessions of a protocol');
        RAISE insufficient_privilege USING MESSAGE = format('the login %s may not start sessions of this protocol', session_user);
    END IF;
    IF octet_length(new_key) > (SELECT b.key FROM telltale.bounds b) OR cardinality(names) NOT BETWEEN 1 AND 256
        OR (SELECT max(octet_length(n)) FROM unnest(names) n) > 255
        OR octet_length(within_text) > 255 OR octet_length(idle_for_text) > 255 THEN
        PERFORM telltale.refuse('too_large', 'the key, the roles or the times of a new session');
        RAISE program_limit_exceeded USING MESSAGE = 'the key, the roles or the times of the session are too long';
    END IF;
    INSERT INTO telltale.session (key, incarnation, image, deadline, deadline_text, idle, idle_text, due)
    VALUES (new_key, nextval('telltale.incarnation'), of_image, over, within_text, idle_time, idle_for_text, least(over, now() + idle_time))
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO telltale.seat (image, role)
    SELECT of_image, role - 1 FROM generate_series(1, cardinality(names)) role
    WHERE NOT EXISTS (SELECT FROM telltale.seat s WHERE s.image = of_image AND s.role = role.role - 1)
    ON CONFLICT DO NOTHING;
    WITH entered AS (
        INSERT INTO telltale.part (session, role, name, topic, ticket, wake)
        SELECT new_key, p.nth - 1, p.name,
            CASE WHEN p.ticket IS NULL THEN s.topic ELSE -1 - abs(hashtext(new_key || '.' || p.nth)::bigint) END,
            sha256(p.ticket), now()
        FROM unnest(names, tickets) WITH ORDINALITY p(name, ticket, nth)
        JOIN telltale.seat s ON s.image = of_image AND s.role = p.nth - 1
        RETURNING topic)
    SELECT array_agg(topic) INTO topics FROM entered;
    PERFORM telltale.rouse(topics);
    RETURN true;
END
$$;
